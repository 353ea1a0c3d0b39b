import Testing

@testable import JSON

@Suite("A value knows where it stands in its document")
struct SourceTests {
  @Test(arguments: [
    "null", "true", "false", "0", "-0", "49.00", "1E+2", "-1.50e-07", "123456789.0123456789",
    "18446744073709551615", #""""#, #""a\"b\\""#, #""\\\"]\u005d""#, "[]", "{}", "[ 1 , [ ] ]",
    #"{ "a" : [ 1.0 , "]}" ] }"#, "\"å😀\"",
  ])
  func `A value's source is what was written, without what stands around it`(text: String) throws {
    try withDocument(text) { root in
      #expect(root.text == text)
      #expect(root.range == 0..<text.utf8.count)
    }
    try withDocument(" \r\n\(text)\t ") { root in
      #expect(root.text == text)
      #expect(root.offset == 3)
    }
    try withDocument("[\(text),\(text) , 1]") { root in
      #expect(root.elements.map(\.text) == [text, text, "1"])
      let length = text.utf8.count
      #expect(root.elements.map(\.offset) == [1, 2 + length, 5 + 2 * length])
    }
    try withDocument(#"{"n":\#(text),"m" : \#(text)}"#) { root in
      #expect(root["n"]?.text == text)
      #expect(root["m"]?.text == text)
    }
  }

  @Test func `Offsets stay right behind nested arrays, objects, numbers and escapes`() throws {
    let text = #"{"a":[1,2.5,{"b":[[],{}]},"\u0022,"],"c":{"d":-1e3,"e":{}},"f":"x","g":[0,true]}"#
    try withDocument(text) { root in
      for (name, value) in root.members {
        let start = text.utf8.index(text.startIndex, offsetBy: value.offset)
        #expect(text[..<start].hasSuffix("\"\(name.string)\":"))
      }
      #expect(root["g"]?.elements.map(\.text) == ["0", "true"])
      #expect(root["c"]?["e"]?.text == "{}")
      #expect(root["a"]?.elements.map(\.text)[2] == #"{"b":[[],{}]}"#)
    }
  }

  @Test func `An element cut from an array is a document with the same value`() throws {
    let text = #"[ {"id":"å","n":1.50} , [1,[2]] , "x\ny" , -0.0 , null ]"#
    let bytes = Array(text.utf8)
    try withDocument(bytes) { root in
      for element in root.elements {
        try withDocument(Array(bytes[element.range])) { cut in
          #expect(cut.equals(element))
          #expect(cut.text == element.text)
        }
      }
    }
  }

  @Test(arguments: ["1", "12e", "tru", "\"a"])
  func `What follows a document in memory is no part of it`(text: String) throws {
    // The spare bytes would go on with the value.
    let spare = [UInt8](repeating: UInt8(ascii: "1"), count: 32) + Array("ue\"\"".utf8)
    let bytes = Array(text.utf8) + spare + [UInt8](repeating: 0x5D, count: jsonPadding)
    let parser = JSONParser()
    bytes.withUnsafeBytes { all in
      let document = UnsafeRawBufferPointer(rebasing: all[..<text.utf8.count])
      do throws(JSONError) {
        let root = try parser.parse(padded: document)
        #expect(text == "1")
        #expect(root.text == "1")
        #expect(root.asInt64 == 1)
      } catch {
        #expect(text != "1")
        #expect(error.code == .syntax)
      }
    }
  }

  @Test func `A parser reads documents of any size one after the other`() throws {
    let parser = JSONParser()
    for size in [0, 10, 70_000, 3, 600_000, 3_000_000, 100, 5_000_000, 1] {
      let text = "[\"" + String(repeating: "x", count: size) + "\",-1.0]"
      let root = try parser.parse(copying: Array(text.utf8).span.bytes)
      #expect(root.elements.map(\.range) == [1..<size + 3, size + 4..<size + 8])
      #expect(throws: JSONError.self) { _ = try parser.parse(copying: [0x5B].span.bytes) }
    }
  }

  @Test func `A document in a caller's padded memory is read without a copy`() throws {
    let bytes = Array("[1,2]".utf8) + [UInt8](repeating: 0, count: jsonPadding)
    let parser = JSONParser()
    try bytes.withUnsafeBytes { all in
      let root = try parser.parse(padded: UnsafeRawBufferPointer(rebasing: all[..<5]))
      #expect(root.source.baseAddress == all.baseAddress)
      #expect(root.count == 2)
    }
  }
}
