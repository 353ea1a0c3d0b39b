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
