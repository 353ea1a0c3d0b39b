import JSON
import Testing

@Suite struct JSONParserTests {
  struct Mistake: CustomTestStringConvertible, Sendable {
    let document: String
    let code: JSONError.Code
    let offset: Int
    let path: String
    var testDescription: String { "\(code.rawValue): \(document)" }

    init(_ document: String, _ code: JSONError.Code, _ offset: Int, _ path: String) {
      (self.document, self.code, self.offset, self.path) = (document, code, offset, path)
    }
  }

  static let mistakes: [Mistake] = [
    Mistake("", .empty, 0, "$"),
    Mistake(" \r\n\t ", .empty, 5, "$"),
    Mistake("{", .syntax, 1, "$"),
    Mistake("[1,2", .syntax, 4, "$[1]"),
    Mistake("[1,]", .syntax, 3, "$[1]"),
    Mistake("[,1]", .syntax, 1, "$[0]"),
    Mistake("[1 2]", .syntax, 3, "$[0]"),
    Mistake("[1]]", .syntax, 3, "$"),
    Mistake("[1] x", .syntax, 4, "$"),
    Mistake("}", .syntax, 0, "$"),
    Mistake("{\"a\":1,}", .syntax, 7, "$"),
    Mistake("{\"a\" 1}", .syntax, 5, "$.a"),
    Mistake("{\"a\":}", .syntax, 5, "$.a"),
    Mistake("{1:2}", .syntax, 1, "$"),
    Mistake("{\"a\":1 \"b\":2}", .syntax, 7, "$.a"),
    Mistake("{\"ctx\":{\"lines\":[{},{\"price\":tru}]}}", .syntax, 29, "$.ctx.lines[1].price"),
    Mistake("{\"odd key\":nul}", .syntax, 11, "$[\"odd key\"]"),
    Mistake("[\"abc]", .syntax, 1, "$[0]"),
    Mistake("[\"\\x\"]", .syntax, 2, "$[0]"),
    Mistake("[\"\\u12g4\"]", .syntax, 2, "$[0]"),
    Mistake("[\"\\ud800\"]", .syntax, 2, "$[0]"),
    Mistake("[\"\\udc00\"]", .syntax, 2, "$[0]"),
    Mistake("[\"\\ud800\\u0041\"]", .syntax, 2, "$[0]"),
    Mistake("[\"a\nb\"]", .syntax, 3, "$[0]"),
    Mistake("[\"\\", .syntax, 1, "$[0]"),
    Mistake("[01]", .syntax, 1, "$[0]"),
    Mistake("[-]", .syntax, 1, "$[0]"),
    Mistake("[1.]", .syntax, 1, "$[0]"),
    Mistake("[1e+]", .syntax, 1, "$[0]"),
    Mistake("[+1]", .syntax, 1, "$[0]"),
    Mistake("[1x]", .syntax, 2, "$[0]"),
    Mistake("[nullx]", .syntax, 5, "$[0]"),
    Mistake("\u{FEFF}[1]", .syntax, 0, "$"),
    Mistake("{\"n\":18446744073709551616}", .numberOutOfRange, 5, "$.n"),
    Mistake("{\"n\":-9223372036854775809}", .numberOutOfRange, 5, "$.n"),
    Mistake("{\"n\":[0, 1e309]}", .numberOutOfRange, 9, "$.n[1]"),
    Mistake("[[[[[1]]]]]", .tooDeep, 4, "$[0][0][0][0]"),
    Mistake("[[[[[]]]]]", .tooDeep, 4, "$[0][0][0][0]"),
    Mistake("{\"a\":{\"b\":{\"c\":[{}]}}}", .tooDeep, 16, "$.a.b.c[0]"),
  ]

  @Test("A mistake is found with code, byte offset and path", arguments: mistakes)
  func mistakeIsFound(_ mistake: Mistake) throws {
    let error = try #require(parseError(Array(mistake.document.utf8), maxDepth: 4))
    #expect(error.code == mistake.code)
    #expect(error.offset == mistake.offset)
    #expect(error.path == mistake.path)
    #expect(!error.detail.isEmpty)
  }

  @Test("Bytes that are not UTF-8 are found", arguments: [
    [0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xE2, 0x82],
    [0xF0, 0x80, 0x80, 0x80], [0x80],
  ] as [[UInt8]])
  func invalidUTF8IsFound(_ bytes: [UInt8]) throws {
    let document = Array("{\"a\":\"é".utf8) + bytes + Array("\"}".utf8)
    let error = try #require(parseError(document))
    #expect(error.code == .invalidUTF8)
    #expect(error.offset == 8)
    #expect(error.path == "$.a")
    #expect(parseError(bytes)?.code == .invalidUTF8)
  }

  @Test("Line and column count from 1, columns in bytes")
  func lineAndColumn() throws {
    let error = try #require(parseError(Array("{\n  \"a\": 1,\r\n  \"é\": x\n}".utf8)))
    #expect((error.line, error.column) == (3, 9))
    #expect(error.description == "a value is expected at $[\"é\"] (line 3, column 9, byte 21)")
  }

  @Test("A document may be as large as the limit and no larger")
  func sizeLimit() throws {
    let parser = JSONParser(maxBytes: 10)
    #expect(try parser.parse(Array("\"12345678\"".utf8)).asString?.count == 8)
    let error = #expect(throws: JSONError.self) {
      try parser.parse(Array("\"123456789\"".utf8))
    }
    #expect(error?.code == .tooLarge)
  }

  @Test("Containers nest as deep as the limit and no deeper", arguments: [1, 2, 64])
  func depthLimit(_ limit: Int) {
    for inner in ["", "1", "\"a\""] {
      func nested(_ depth: Int) -> [UInt8] {
        Array(
          (String(repeating: "[", count: depth) + inner + String(repeating: "]", count: depth)).utf8)
      }
      #expect(parseError(nested(limit), maxDepth: limit) == nil)
      #expect(parseError(nested(limit + 1), maxDepth: limit)?.code == .tooDeep)
      #expect(parseError(nested(limit + 1000), maxDepth: limit)?.offset == limit)
    }
  }

  @Test("A path stays short whatever the names are")
  func pathIsBounded() throws {
    let name = String(repeating: "n", count: 5000)
    let document = String(repeating: "{\"\(name)\":", count: 60) + "x"
    let error = try #require(parseError(Array(document.utf8)))
    #expect(error.path.utf8.count < 700)
  }

  @Test("A parser is used again after a mistake and after a large document")
  func parserIsUsedAgain() throws {
    let parser = JSONParser()
    let large = "[" + String(repeating: "\"abcdefgh\",", count: 400_000) + "1]"
    for _ in 0..<3 {
      #expect(try parser.parse(Array(large.utf8)).count == 400_001)
      #expect(throws: JSONError.self) { try parser.parse(Array("[".utf8)) }
      #expect(try parser.parse(Array("[1,2]".utf8)).elements.map(\.asInt64) == [1, 2])
    }
  }
}
