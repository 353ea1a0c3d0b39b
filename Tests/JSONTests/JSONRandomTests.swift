import JSON
import Testing

/// Random documents. Every test prints its seed; put it in place of `seed` to run it again.
@Suite struct JSONRandomTests {
  let seed = UInt64.random(in: 0...UInt64.max)

  /// A random document's text, with white space and escapes where they may be.
  static func document(depth: Int, using random: inout SeededGenerator) -> String {
    let space = ["", "", "", " ", "\n\t", "\r\n"].randomElement(using: &random) ?? ""
    let kinds = depth > 0 ? 0...6 : 0...4
    switch Int.random(in: kinds, using: &random) {
    case 0: return ["null", "true", "false"].randomElement(using: &random) ?? ""
    case 1: return String(Int64.random(in: Int64.min...Int64.max, using: &random))
    case 2: return String(Double.random(in: -1e20...1e20, using: &random))
    case 3: return ["0", "-0.0", "1e5", "2.50E-3", "18446744073709551615"]
      .randomElement(using: &random) ?? ""
    case 4: return string(using: &random)
    case 5:
      let values = (0..<Int.random(in: 0...4, using: &random)).map { _ in
        document(depth: depth - 1, using: &random)
      }
      return "[\(space)\(values.joined(separator: "\(space),"))\(space)]"
    default:
      let members = (0..<Int.random(in: 0...4, using: &random)).map { _ in
        string(using: &random) + "\(space):" + document(depth: depth - 1, using: &random)
      }
      return "{\(space)\(members.joined(separator: ",\(space)"))\(space)}"
    }
  }

  static func string(using random: inout SeededGenerator) -> String {
    let pieces = ["a", "bc", "é", "😀", "\\n", "\\\"", "\\\\", "\\u00e5", "\\ud83d\\ude00", " ", "{"]
    let count = Int.random(in: 0...6, using: &random)
    return "\"" + (0..<count).map { _ in pieces.randomElement(using: &random) ?? "" }.joined() + "\""
  }

  /// Writes a value again through its view.
  static func rewrite(_ value: JSONValue, into writer: inout ByteWriter) {
    switch value.kind {
    case .string: if let string = value.asString { writer.writeJSONString(string) }
    case .array:
      writer.write("[")
      for (index, element) in value.elements.enumerated() {
        if index > 0 { writer.write(",") }
        rewrite(element, into: &writer)
      }
      writer.write("]")
    case .object:
      writer.write("{")
      for (index, member) in value.members.enumerated() {
        if index > 0 { writer.write(",") }
        writer.writeJSONString(member.name)
        writer.write(":")
        rewrite(member.value, into: &writer)
      }
      writer.write("}")
    default: writer.write(value.source)
    }
  }

  @Test("A document written again through its view is the same value")
  func roundTrip() throws {
    print("JSONRandomTests.roundTrip seed \(seed)")
    var random = SeededGenerator(seed: seed)
    for _ in 0..<2000 {
      let document = Self.document(depth: 5, using: &random)
      try withJSON(document) { value in
        let again = written { Self.rewrite(value, into: &$0) }
        try withJSON(again) { #expect(value.equals($0), "\(document) became \(again)") }
      }
    }
  }

  /// The second look must find a mistake in exactly the documents that the parser refuses: here
  /// the parser's fallback sentence shows that it found none.
  @Test("A mutated document is accepted or its mistake is found, and nothing traps")
  func mutations() {
    print("JSONRandomTests.mutations seed \(seed)")
    var random = SeededGenerator(seed: seed)
    let parser = JSONParser(maxDepth: 6)
    let alphabet = Array("{}[]:,\"\\0123456789.eE+-tfnu \n\u{1}".utf8) + [0x80, 0xC3, 0xED, 0xFF]
    for _ in 0..<20_000 {
      var bytes = Array(Self.document(depth: 4, using: &random).utf8)
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        let place = Int.random(in: 0...bytes.count, using: &random)
        let byte = alphabet.randomElement(using: &random) ?? 0
        switch Int.random(in: 0...3, using: &random) {
        case 0: bytes.insert(byte, at: place)
        case 1 where place < bytes.count: bytes[place] = byte
        case 2 where place < bytes.count: bytes.remove(at: place)
        default: bytes.removeLast(min(bytes.count, 3))
        }
      }
      do throws(JSONError) {
        let value = try parser.parse(bytes)
        #expect(value.equals(value))
        #expect(value.source.count <= bytes.count)
        _ = value.firstDuplicateKey()
      } catch {
        #expect(error.detail != "the document is not JSON that can be accepted", "\(bytes)")
        #expect((0...bytes.count).contains(error.offset))
      }
    }
  }
}
