import JSON
import Testing

@Suite struct JSONValueTests {
  static let document = """
    { "null": null, "yes": true, "no": false, "int": -42, "big": 18446744073709551615,
      "float": 1.50, "text": "a\\"b\\\\c\\u00e9\\ud83d\\ude00\\n", "list": [ 1, [], {} , "x" ],
      "object": { "": "empty name", "k": { "deep": [ true ] } } , "empty": "" , "int": 7 }
    """

  @Test("Values are read in place")
  func values() throws {
    try withJSON(Self.document) { root in
      #expect(root.kind == .object)
      #expect(root.count == 11)
      #expect(root["null"]?.isNull == true)
      #expect(root["yes"]?.asBool == true)
      #expect(root["no"]?.asBool == false)
      #expect(root["int"]?.asInt64 == -42, "the first of two members is found")
      #expect(root["big"]?.asInt64 == nil)
      #expect(root["big"]?.asDouble == 0x1p64)
      #expect(root["float"]?.asDouble == 1.5)
      #expect(root["float"]?.asInt64 == nil)
      #expect(root["text"]?.asString?.string == "a\"b\\cé😀\n")
      #expect(root["list"]?.count == 4)
      #expect(root["list"]?.elements.map(\.kind) == [.number, .array, .object, .string])
      #expect(root["object"]?["k"]?["deep"]?.elements.map(\.asBool) == [true])
      #expect(root["object"]?[""]?.asString == "empty name")
      #expect(root["absent"] == nil)
      #expect(root["text"]?["a"] == nil)
      #expect(root["list"]?["a"] == nil)
      #expect(root.asString == nil && root.asBool == nil && root.asDouble == nil)
      #expect(root["text"]?.elements.map(\.kind) == [])
      #expect(root["list"]?.members.map(\.name) == [])
      #expect(root.members.map(\.name.string).last == "int")
    }
  }

  @Test("The source of a value is exactly what was written")
  func source() throws {
    try withJSON(Self.document) { root in
      #expect(text(root.source) == Self.document)
      #expect(root["float"].map { text($0.source) } == "1.50")
      #expect(root["text"].map { text($0.source) } == "\"a\\\"b\\\\c\\u00e9\\ud83d\\ude00\\n\"")
      #expect(root["list"].map { text($0.source) } == "[ 1, [], {} , \"x\" ]")
      #expect(root["yes"].map { text($0.source) } == "true")
      #expect(root["no"].map { text($0.source) } == "false")
      #expect(root["null"].map { text($0.source) } == "null")
      #expect(root["empty"].map { text($0.source) } == "\"\"")
      #expect(root["int"]?.offset == Array(Self.document.utf8).firstIndex(of: UInt8(ascii: "-")))
    }
    try withJSON(" 1e5 ") { #expect(text($0.source) == "1e5") }
  }

  @Test("What a section takes for false", arguments: [
    ("null", true), ("false", true), ("[]", true), ("\"\"", true), ("true", false), ("0", false),
    ("{}", false), ("[false]", false), ("\" \"", false),
  ])
  func falsity(_ document: String, _ expected: Bool) throws {
    try withJSON(document) { #expect($0.isEmptyOrFalse == expected) }
  }

  @Test("Whole numbers are integers however they are written", arguments: [
    ("1", 1), ("1.0", 1), ("1e3", 1000), ("-0", 0), ("1.5", nil), ("1e300", nil), ("\"1\"", nil),
  ] as [(String, Int64?)])
  func integers(_ document: String, _ expected: Int64?) throws {
    try withJSON(document) { #expect($0.asInt64 == expected) }
  }

  @Test("Equality is that of JSON values", arguments: [
    ("1", "1.0", true), ("1", "1e0", true), ("100", "1e2", true), ("0.1", "0.10", true),
    ("0", "-0.0e7", true), ("1", "-1", false), ("1", "10", false), ("0.01", "1E-2", true),
    ("12300", "1.23e4", true), ("12300", "1.23e+3", false), ("0.1", "0.01", false),
    ("9007199254740993", "9007199254740992.0", false),
    ("9007199254740993", "9007199254740993.0", true),
    ("18446744073709551615", "1.8446744073709551615e19", true),
    ("0.1", "0.1000000000000000000001", false), ("105", "1.5e2", false), ("1", "true", false),
    ("{\"a\":1,\"b\":2}", "{\"b\":2.0,\"a\":1}", true), ("{\"a\":1}", "{\"a\":1,\"b\":2}", false),
    ("{\"a\":1,\"b\":2}", "{\"a\":1}", false), ("{\"a\":1,\"b\":2}", "{\"b\":1,\"a\":2}", false),
    ("{\"a\":1,\"a\":2,\"b\":3}", "{\"b\":3,\"a\":1,\"a\":2}", true),
    ("{\"a\":1,\"a\":2,\"b\":3}", "{\"b\":3,\"a\":2,\"a\":1}", false),
    ("{\"a\":1,\"a\":1}", "{\"a\":1}", false), ("[1,2]", "[2,1]", false), ("[1]", "[1,2]", false),
    ("[1,2]", "[1]", false), ("[]", "{}", false), ("null", "false", false),
    ("\"\\u0061\"", "\"a\"", true), ("\"a\"", "\"A\"", false), ("true", "false", false),
  ])
  func equality(_ left: String, _ right: String, _ expected: Bool) throws {
    try withJSON(left) { one in
      try withJSON(right) { other in
        #expect(one.equals(other) == expected)
        #expect(other.equals(one) == expected)
        #expect(one.equals(one))
      }
    }
  }

  @Test("A key that occurs twice is found, at the top level only", arguments: [1, 3, 64, 65, 500])
  func duplicateKeys(_ count: Int) throws {
    let members = (0..<count).map { "\"k\($0)\":{\"a\":1,\"a\":2}" }
    try withJSON("{\(members.joined(separator: ","))}") { #expect($0.firstDuplicateKey() == nil) }
    for repeated in Set([0, count / 2, count - 1]) {
      let document = "{\((members + ["\"\\u006b\(repeated)\":0"]).joined(separator: ","))}"
      try withJSON(document) {
        #expect($0.firstDuplicateKey()?.string == "k\(repeated)")
      }
    }
    try withJSON("[1,1]") { #expect($0.firstDuplicateKey() == nil) }
  }
}
