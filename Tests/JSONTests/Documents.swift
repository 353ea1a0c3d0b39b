import Foundation
import Testing

@testable import JSON

/// Parses the text and calls `body` while the view is valid.
func withDocument<Result>(
  _ text: String, maxDepth: Int = 64, maxBytes: Int = 16 << 20,
  _ body: (JSONValue) throws -> Result
) throws -> Result {
  try withDocument(Array(text.utf8), maxDepth: maxDepth, maxBytes: maxBytes, body)
}

/// The same for bytes that need not be UTF-8.
func withDocument<Result>(
  _ bytes: [UInt8], maxDepth: Int = 64, maxBytes: Int = 16 << 20,
  _ body: (JSONValue) throws -> Result
) throws -> Result {
  let parser = JSONParser(maxDepth: maxDepth, maxBytes: maxBytes)
  return try withExtendedLifetime(parser) {
    try body(try parser.parse(copying: bytes.span.bytes))
  }
}

/// What the parser says against the bytes; nil when it accepts them.
func fault(
  in bytes: [UInt8], maxDepth: Int = 64, maxBytes: Int = 16 << 20
) -> JSONError? {
  let parser = JSONParser(maxDepth: maxDepth, maxBytes: maxBytes)
  do throws(JSONError) {
    _ = try parser.parse(copying: bytes.span.bytes)
    return nil
  } catch {
    return error
  }
}

extension JSONValue {
  /// The source as a Swift string.
  var text: String { String(decoding: source, as: UTF8.self) }
}

/// SplitMix64, by Sebastiano Vigna: small, and the same on every machine.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) {
    state = seed
  }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}

/// A seed for one random test: `MEDDELA_TEST_SEED`, or another one each time. Printed, so that a
/// failure can be run again.
func printedSeed(_ test: String = #function) -> UInt64 {
  let given = ProcessInfo.processInfo.environment["MEDDELA_TEST_SEED"].flatMap { UInt64($0) }
  let seed = given ?? UInt64.random(in: 0...UInt64.max)
  print("\(test): MEDDELA_TEST_SEED=\(seed)")
  return seed
}
