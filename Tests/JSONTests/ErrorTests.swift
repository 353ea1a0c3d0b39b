import Testing

@testable import JSON

/// A document, and what is wrong with it where.
struct BadDocument: CustomTestStringConvertible, Sendable {
  let bytes: [UInt8]
  let code: JSONError.Code
  let offset: Int
  let line: Int
  let column: Int
  let path: String

  init(
    _ text: String, _ code: JSONError.Code = .syntax, at offset: Int, _ path: String = "$",
    line: Int = 1, column: Int? = nil
  ) {
    self.init(Array(text.utf8), code, at: offset, path, line: line, column: column)
  }

  init(
    _ bytes: [UInt8], _ code: JSONError.Code = .syntax, at offset: Int, _ path: String = "$",
    line: Int = 1, column: Int? = nil
  ) {
    self.bytes = bytes
    self.code = code
    self.offset = offset
    self.line = line
    self.column = column ?? offset + 1
    self.path = path
  }

  var testDescription: String { String(decoding: bytes, as: UTF8.self) }
}

@Suite("A refused document says what is wrong, and where")
struct ErrorTests {
  @Test(arguments: [
    BadDocument("", .empty, at: 0),
    BadDocument("  \n ", .empty, at: 4, line: 2, column: 2),
    BadDocument(#"{"a":1,}"#, at: 7), BadDocument("[1,]", at: 3, "$[1]"),
    BadDocument("[,1]", at: 1, "$[0]"), BadDocument("{,}", at: 1), BadDocument("{1:2}", at: 1),
    BadDocument(#"{"a":tru}"#, at: 5, "$.a"), BadDocument(#"{"a":truex}"#, at: 9, "$.a"),
    BadDocument(#"{"ctx":{"text":"your code is ","483920","}}"#, at: 39, "$.ctx"),
    BadDocument("nul", at: 0), BadDocument("True", at: 0), BadDocument("NaN", at: 0),
    BadDocument("'a'", at: 0), BadDocument(#"{"a" 1}"#, at: 5),
    BadDocument(#"{"a"}"#, at: 4), BadDocument(#"{"a":}"#, at: 5, "$.a"),
    BadDocument(#"{"a":1 "b":2}"#, at: 7, "$.a"), BadDocument("[1 2]", at: 3, "$[0]"),
    BadDocument("[1}", at: 2, "$[0]"), BadDocument(#"{"a":[1]]"#, at: 8, "$.a"),
    BadDocument("[]]", at: 2), BadDocument("1 2", at: 2), BadDocument("{} x", at: 3),
    BadDocument("{", at: 1), BadDocument("[1", at: 2, "$[0]"), BadDocument("[", at: 1, "$[0]"),
    BadDocument(#"{"a":{"b":[0,"#, at: 13, "$.a.b[1]"),
    BadDocument("[1,\n  {\"b\": nul}]", at: 12, "$[1].b", line: 2, column: 9),
    BadDocument("[\r\n1,\r\n\r\n,2]", at: 9, "$[1]", line: 4, column: 1),
    BadDocument(#"{"odd name":[{"ä":x}]}"#, at: 19, #"$["odd name"][0]["ä"]"#),
    BadDocument(#"{"":x}"#, at: 4, #"$[""]"#), BadDocument("// x", at: 0),
    BadDocument("[1,/**/2]", at: 3, "$[1]"), BadDocument("[\u{1}]", at: 1, "$[0]"),
    BadDocument("[\u{C}1]", at: 1, "$[0]"), BadDocument("1\u{0}", at: 1),
  ])
  func `The place is exact: byte, line, column and path`(document: BadDocument) {
    check(document)
  }

  @Test(arguments: [
    BadDocument("\"abc", at: 0), BadDocument("[\"a\\\"]", at: 1, "$[0]"),
    BadDocument("[\"a\u{1}b\"]", at: 3, "$[0]"), BadDocument("[\"a\nb\"]", at: 3, "$[0]"),
    BadDocument(#"["\x"]"#, at: 2, "$[0]"), BadDocument(#"["\u12G4"]"#, at: 2, "$[0]"),
    BadDocument(#"["\u12"#, at: 2, "$[0]"), BadDocument(#"["\ud800"]"#, at: 2, "$[0]"),
    BadDocument(#"["\udc00"]"#, at: 2, "$[0]"), BadDocument(#"["\ud800\u0041"]"#, at: 2, "$[0]"),
    BadDocument(#"["\ud83d\ud83d"]"#, at: 2, "$[0]"), BadDocument(#"["\ud83dx"]"#, at: 2, "$[0]"),
    BadDocument(#"["\udfff\udfff"]"#, at: 2, "$[0]"), BadDocument(#"{"a\q":1}"#, at: 3),
    BadDocument([0x5B, 0x22, 0xC3, 0x28, 0x22, 0x5D], .invalidUTF8, at: 2, "$[0]"),
    BadDocument([0x22, 0xC0, 0x80, 0x22], .invalidUTF8, at: 1),
    BadDocument([0x22, 0xED, 0xA0, 0x80, 0x22], .invalidUTF8, at: 1),
    BadDocument([0x22, 0xF4, 0x90, 0x80, 0x80, 0x22], .invalidUTF8, at: 1),
    BadDocument([0x22, 0xF0, 0x9F, 0x98, 0x22], .invalidUTF8, at: 1),
    BadDocument([0x22, 0xE2, 0x82], .invalidUTF8, at: 1),
    BadDocument([0xFF], .invalidUTF8, at: 0),
    BadDocument([0x5B, 0x80, 0x5D], .invalidUTF8, at: 1, "$[0]"),
    BadDocument("[å]", at: 1, "$[0]"), BadDocument("\u{FEFF}{}", at: 0),
  ])
  func `A bad string is placed at the escape, byte or quote that is wrong`(document: BadDocument) {
    check(document)
  }

  @Test(arguments: [
    BadDocument("01", at: 0), BadDocument("-01", at: 0), BadDocument("[-]", at: 1, "$[0]"),
    BadDocument("[1.]", at: 1, "$[0]"), BadDocument("[1.e2]", at: 1, "$[0]"),
    BadDocument("[1e]", at: 1, "$[0]"), BadDocument("[1e+]", at: 1, "$[0]"),
    BadDocument("[.5]", at: 1, "$[0]"), BadDocument("[+1]", at: 1, "$[0]"),
    BadDocument("[1.5.5]", at: 4, "$[0]"), BadDocument("[0x10]", at: 2, "$[0]"),
    BadDocument("[-Infinity]", at: 1, "$[0]"), BadDocument("-", at: 0),
    BadDocument("[18446744073709551616]", .numberOutOfRange, at: 1, "$[0]"),
    BadDocument("-9223372036854775809", .numberOutOfRange, at: 0),
    BadDocument(#"{"n":[1,100000000000000000000]}"#, .numberOutOfRange, at: 8, "$.n[1]"),
    BadDocument("1e309", .numberOutOfRange, at: 0),
    BadDocument("-1.8e308", .numberOutOfRange, at: 0),
    BadDocument("1e99999999999999999999", .numberOutOfRange, at: 0),
  ])
  func `A bad number is placed at its first byte`(document: BadDocument) {
    check(document)
  }

  @Test func `The first mistake is reported, also where the parser meets another one first`() {
    check(BadDocument([0x5B, 0x31, 0x20, 0x32, 0x2C, 0x22, 0xFF, 0x22], at: 3, "$[0]"))
    check(BadDocument("[[[x", .tooDeep, at: 2, "$[0][0]"), maxDepth: 2)
    check(BadDocument("[[x[", at: 2, "$[0][0]"), maxDepth: 2)
  }

  @Test func `An error describes itself in one sentence`() {
    let error = fault(in: Array("[1,\n nul]".utf8))
    #expect(
      error?.description
        == "a value is expected: is this null? at $[1] (line 2, column 2, byte 5)")
  }

  private func check(_ document: BadDocument, maxDepth: Int = 64) {
    guard let error = fault(in: document.bytes, maxDepth: maxDepth) else {
      Issue.record("accepted")
      return
    }
    #expect(error.code == document.code)
    #expect(error.offset == document.offset)
    #expect(error.line == document.line)
    #expect(error.column == document.column)
    #expect(error.path == document.path)
    #expect(!error.detail.isEmpty)
  }
}
