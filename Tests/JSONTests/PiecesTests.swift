import JSON
import TestSupport
import Testing

@Suite("A batch that does not parse is cut at its element boundaries")
struct PiecesTests {
  private func pieces(_ text: String) -> [String]? {
    Array(text.utf8).withUnsafeBytes { bytes in
      JSONPieces(bytes)?.elements.map { String(decoding: bytes[$0], as: UTF8.self) }
    }
  }

  @Test(
    arguments: [
      (#"[{"a":1},{"b":}]"#, [#"{"a":1}"#, #"{"b":}"#]),
      (" [ 1e999 ,\n nope , \"x]\" ] \n", ["1e999", "nope", "\"x]\""]),
      (#"["a,\"]",{"k":"}"},[[]]]"#, [#""a,\"]""#, #"{"k":"}"}"#, "[[]]"]),
      (#"[{"a" 1} {"b":2},3]"#, [#"{"a" 1} {"b":2}"#, "3"]),
      (#"{"events":[{"a":01},2]}"#, [#"{"a":01}"#, "2"]),
      (#"{"x":[1,2],"events":[tru],"y":{"events":[3]}}"#, ["tru"]),
      (#"["\\",1]"#, [#""\\""#, "1"]),
    ] as [(String, [String])])
  func `Elements are cut as they stand, whatever is in them`(text: String, expected: [String]) {
    #expect(pieces(text) == expected)
  }

  @Test(arguments: [
    "", "1", "{}", "[]", "[1", "[1,", "[1,]", "[,1]", "[1,,2]", "[1] 2", #"["a]"#, "[{]}",
    "[}]", #"{"events":[]}"#, #"{"events":[1]"#, #"{"events":1}"#, #"{"events" [1]}"#,
    #"{"events":[1],"events":[2]}"#, #"{"a":1,}"#, #"{"events":[1],}"#, #"{a:[1]}"#, #"["\"#,
  ])
  func `What has no boundaries to cut at is not cut`(text: String) {
    #expect(pieces(text) == nil)
  }

  @Test func `The members around the events are told as they stand`() throws {
    let text = #"{ "schemaVersion" : 1 , "events":[1], "note":"x" }"#
    Array(text.utf8).withUnsafeBytes { bytes in
      let pieces = JSONPieces(bytes)
      #expect(pieces?.isObject == true)
      let members = pieces?.members.map { String(decoding: bytes[$0], as: UTF8.self) }
      #expect(members == [#""schemaVersion" : 1"#, #""note":"x""#])
    }
  }

  @Test
  func `Of what the parser takes, the pieces are the elements; broken ones never trap`() throws {
    let seed = printedSeed()
    var random = SeededRandom(seed)
    let parts = ["{\"a\":[1,\"]\"]}", "[[],{}]", "\"\\\"\"", "-1.5e3", "null", "{\"events\":[1]}"]
    for _ in 0..<300 {
      let count = Int.random(in: 1...6, using: &random)
      let list = (0..<count).map { _ in parts[Int.random(in: 0..<parts.count, using: &random)] }
      let text = "[\(list.joined(separator: " , "))]"
      #expect(pieces(text) == list, "\(text), seed \(seed)")
      // One byte changed: a cut or none, and every piece inside the body.
      var bytes = Array(text.utf8)
      bytes[Int.random(in: 0..<bytes.count, using: &random)] =
        Array("[]{},\"\\ x".utf8).randomElement(using: &random)!
      bytes.withUnsafeBytes { body in
        for piece in JSONPieces(body)?.elements ?? [] {
          #expect(!piece.isEmpty && piece.upperBound < body.count)
        }
      }
    }
  }

  @Test func `A deep or endless body costs no stack`() {
    #expect(pieces(String(repeating: "[", count: 1_000_000)) == nil)
    let deep = String(repeating: "[", count: 100_000) + String(repeating: "]", count: 100_000)
    #expect(pieces("[1,\(deep)]")?.count == 2)
  }
}
