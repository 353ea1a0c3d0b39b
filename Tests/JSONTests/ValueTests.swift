import Testing

@testable import JSON

@Suite("Values are read as JSON has them")
struct ValueTests {
  @Test(arguments: [
    ("null", JSONValue.Kind.null), ("true", .bool), ("false", .bool), ("0", .number),
    ("-1.5e3", .number), ("18446744073709551615", .number), ("\"\"", .string), ("[]", .array),
    ("{}", .object),
  ])
  func `Every value says which kind it is`(text: String, expected: JSONValue.Kind) throws {
    try withDocument(text) { root in
      #expect(root.kind == expected)
      #expect(root.isNull == (expected == .null))
    }
  }

  @Test(arguments: ["null", "true", "1", "\"text\"", "[1]", "{\"a\":1}"])
  func `An accessor of another kind gives nil`(text: String) throws {
    try withDocument(text) { root in
      #expect((root.asBool != nil) == (root.kind == .bool))
      #expect((root.asInt64 != nil) == (root.kind == .number))
      #expect((root.asDouble != nil) == (root.kind == .number))
      #expect((root.asString != nil) == (root.kind == .string))
      #expect((root["a"] != nil) == (root.kind == .object))
      #expect(root.elements.reduce(0) { count, _ in count + 1 } == (root.kind == .array ? 1 : 0))
      #expect(root.members.reduce(0) { count, _ in count + 1 } == (root.kind == .object ? 1 : 0))
      #expect(root.count == (root.kind == .array || root.kind == .object ? 1 : 0))
    }
  }

  @Test(
    arguments: [
      ("0", 0), ("-0", 0), ("1.0", 1), ("12e2", 1200), ("-7", -7),
      ("9223372036854775807", Int64.max), ("-9223372036854775808", Int64.min),
      ("9223372036854775808", nil), ("18446744073709551615", nil), ("1.5", nil), ("1e300", nil),
      ("9223372036854775808.0", nil),
    ] as [(String, Int64?)])
  func `Whole numbers are read as 64-bit integers, however they are written`(
    text: String, expected: Int64?
  ) throws {
    try withDocument(text) { root in #expect(root.asInt64 == expected) }
  }

  @Test(
    arguments: [
      ("0", 0), ("-3", -3), ("0.1", 0.1), ("1e308", 1e308), ("1.7976931348623157e308", .infinity),
      ("18446744073709551615", 0x1p64), ("5e-324", 0x1p-1074), ("1e-400", 0),
      ("123456789012345678901234567890.5", 123_456_789_012_345_678_901_234_567_890.5),
    ] as [(String, Double)])
  func `Numbers are read as the nearest double`(text: String, expected: Double) throws {
    let expected = expected.isFinite ? expected : Double.greatestFiniteMagnitude
    try withDocument(text) { root in #expect(root.asDouble == expected) }
  }

  @Test(arguments: [
    (#""""#, ""), (#""Malmö""#, "Malmö"), (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{C}\n\r\t"),
    (#""\u00e5\u4e16\ud83d\ude00""#, "å世😀"), (#""a\u0000b""#, "a\0b"), ("\"😀\"", "😀"),
    ("\"\u{7F}\u{2028}\"", "\u{7F}\u{2028}"),
  ])
  func `Strings are decoded`(text: String, expected: String) throws {
    try withDocument(text) { root in
      let string = try #require(root.asString)
      #expect(string.string == expected)
      #expect(string.count == expected.utf8.count)
      #expect(string.isEmpty == expected.isEmpty)
    }
  }

  @Test func `A string is compared with a literal by its bytes`() throws {
    try withDocument(#"["sent","sen","sent\u0000",""]"#) { root in
      let strings = root.elements.compactMap(\.asString)
      #expect(strings.map { $0 == "sent" } == [true, false, false, false])
      #expect(strings.map { $0 != "sent" } == [false, true, true, true])
      #expect(strings[3] == "")
      #expect(strings[0] == strings[0])
      #expect(strings[0] != strings[1])
    }
  }

  @Test(arguments: [
    ("abc", 3, "abc"), ("abc", 2, "ab"), ("abc", 0, ""), ("åb", 1, ""), ("aå", 2, "a"),
    ("a€", 3, "a"), ("😀x", 4, "😀"), ("😀x", 3, ""), ("", 0, ""),
  ])
  func `A string is cut between characters`(text: String, limit: Int, expected: String) throws {
    try withDocument("\"\(text)\"") { root in
      #expect(root.asString?.prefix(limit).string == expected)
    }
  }

  @Test(arguments: [
    ("null", true), ("false", true), ("[]", true), ("\"\"", true), ("true", false),
    ("0", false), ("[0]", false), ("[[]]", false), ("{}", false), ("\" \"", false),
  ])
  func `A Mustache section takes null, false, the empty array and the empty string for false`(
    text: String, expected: Bool
  ) throws {
    try withDocument(text) { root in #expect(root.isEmptyOrFalse == expected) }
  }
}
