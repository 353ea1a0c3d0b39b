import JSON

/// Parses in the call and hands the view to `body`; the parser lives as long as the call.
func withJSON<Result>(
  _ text: String, maxDepth: Int = 64, _ body: (JSONValue) throws -> Result
) throws -> Result {
  let parser = JSONParser(maxDepth: maxDepth)
  return try body(try parser.parse(Array(text.utf8)))
}

/// What the parser says against these bytes; nil when it accepts them.
func parseError(_ bytes: [UInt8], maxDepth: Int = 64) -> JSONError? {
  let parser = JSONParser(maxDepth: maxDepth)
  do throws(JSONError) {
    _ = try parser.parse(bytes)
    return nil
  } catch {
    return error
  }
}

/// A generator that can be run again: tests print the seed they used.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  /// SplitMix64 (Steele, Lea, Flood 2014).
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}

func text(_ bytes: UnsafeRawBufferPointer) -> String {
  String(decoding: bytes, as: UTF8.self)
}

func written(_ body: (inout ByteWriter) -> Void) -> String {
  var writer = ByteWriter(capacity: 1)
  body(&writer)
  return String(decoding: writer.array(), as: UTF8.self)
}
