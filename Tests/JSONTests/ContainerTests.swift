import Testing

@testable import JSON

@Suite("Arrays and objects are walked in place")
struct ContainerTests {
  @Test func `Members come in the order of the document, duplicates too`() throws {
    try withDocument(#"{"b":1,"a":[{"x":{}},2],"b":null,"":"end"}"#) { root in
      #expect(root.members.map { $0.name.string } == ["b", "a", "b", ""])
      #expect(root.members.map { $0.value.text } == ["1", #"[{"x":{}},2]"#, "null", #""end""#])
      #expect(root.count == 4)
    }
  }

  @Test func `Elements come in order, whatever is nested in them`() throws {
    try withDocument(#"[1.5,[],{},[[2]],"x",18446744073709551615,{"a":{"b":[]}},true]"#) { root in
      let texts = root.elements.map(\.text)
      #expect(
        texts == [
          "1.5", "[]", "{}", "[[2]]", #""x""#, "18446744073709551615", #"{"a":{"b":[]}}"#, "true",
        ])
      #expect(root.count == 8)
    }
  }

  @Test func `A member is found by its whole decoded name, the first of several`() throws {
    try withDocument(#"{"ab":1,"a":2,"\u0061b":3,"å":4,"c":{"a":5}}"#) { root in
      #expect(root["ab"]?.asInt64 == 1)
      #expect(root["a"]?.asInt64 == 2)
      #expect(root["å"]?.asInt64 == 4)
      #expect(root["c"]?["a"]?.asInt64 == 5)
      #expect(root["b"] == nil)
      #expect(root[""] == nil)
      let name = Array("ab".utf8)
      #expect(name.withUnsafeBytes { root.member($0)?.asInt64 } == 1)
    }
  }

  @Test(arguments: ["[]", "{}", " [ ] ", "{ \n }"])
  func `An object or array without members is empty`(text: String) throws {
    try withDocument(text) { root in
      #expect(root.count == 0)
      #expect(Array(root.elements).isEmpty)
      #expect(Array(root.members).isEmpty)
    }
  }

  @Test func `Elements are counted beyond the 24 bits that the tape has for them`() throws {
    let elements = 0xFF_FFFF + 3
    var bytes = [UInt8](repeating: UInt8(ascii: "1"), count: elements * 2 + 1)
    bytes[0] = UInt8(ascii: "[")
    for index in 1...elements { bytes[index * 2] = UInt8(ascii: ",") }
    bytes[elements * 2] = UInt8(ascii: "]")
    try withDocument(bytes, maxBytes: 64 << 20) { root in #expect(root.count == elements) }
  }

  @Test(
    arguments: [
      (#"{"a":1,"b":2,"a":3}"#, "a"), (#"{"a":1,"\u0061":1}"#, "a"), (#"{"":1,"":2}"#, ""),
      (#"{"a":1,"b":{"a":2,"a":3}}"#, nil), (#"{"ab":1,"ba":2,"a":3,"b":4}"#, nil), ("{}", nil),
      (#"{"a":1}"#, nil), (#"["a","a"]"#, nil), ("1", nil),
    ] as [(String, String?)])
  func `A key that stands twice at the top level is found`(text: String, expected: String?) throws {
    try withDocument(text) { root in #expect(root.firstDuplicateKey()?.string == expected) }
  }

  @Test(arguments: 2...130)
  func `A key that stands twice is found in objects of every size`(count: Int) throws {
    var names = (0..<count).map { "key-\($0)" }
    func text() -> String { "{" + names.map { "\"\($0)\":0" }.joined(separator: ",") + "}" }
    try withDocument(text()) { root in #expect(root.firstDuplicateKey() == nil) }
    names[count - 1] = names[0]
    try withDocument(text()) { root in #expect(root.firstDuplicateKey()?.string == "key-0") }
  }
}
