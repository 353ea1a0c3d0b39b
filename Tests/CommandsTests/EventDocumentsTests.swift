import JSON
import Testing

@testable import Commands

@Suite("The events in a text of JSON")
struct EventDocumentsTests {
  private func events(_ text: String) throws -> [String] {
    let bytes = Array(text.utf8)
    let padded = bytes + [UInt8](repeating: 0x20, count: jsonPadding)
    return try padded.withUnsafeBytes { all in
      let part = UnsafeRawBufferPointer(rebasing: all[..<bytes.count])
      var documents = EventDocuments(part, using: JSONParser())
      var found: [String] = []
      while let range = try documents.next() {
        found.append(String(decoding: part[range], as: UTF8.self))
      }
      return found
    }
  }

  @Test(arguments: [
    "{\"a\":1}\n{\"b\":2}\n", "{\"a\":1}{\"b\":2}", "\n\n {\"a\":1}\r\n\t{\"b\":2}",
    "[{\"a\":1},{\"b\":2}]", "[{\"a\":1}] [ {\"b\":2} ]", "{\"events\": [{\"a\":1}, {\"b\":2}]}",
    "\u{FEFF}{\"a\":1}\n{\"b\":2}", "[]{\"a\":1}[]{\"b\":2}",
  ])
  func `One a line, over many lines, in an array, and around events, are the same`(text: String)
    throws
  {
    #expect(try events(text) == ["{\"a\":1}", "{\"b\":2}"])
  }

  @Test func `Brackets and quotes in a string end nothing`() throws {
    let first = #"{"a":"}]\"{[\\"}"#
    #expect(try events(first + "\n{}") == [first, "{}"])
  }

  @Test(arguments: ["", " \n\t\r", "[]", "\u{FEFF}"])
  func `An empty text, and blanks, hold none`(text: String) throws {
    #expect(try events(text).isEmpty)
  }

  @Test(
    arguments: [
      ("{\"a\":1}\n  x", 2, 3, "expected JSON"), ("{\"a\":1}\n\"text\"", 2, 1, "expected JSON"),
      ("{\"a\":1}\n[{\"b\":1}", 2, 9, ""), ("{\"a\":1}\n{\"b\":", 2, 6, ""), ("]", 1, 1, ""),
    ] as [(String, Int, Int, String)])
  func `What is not JSON is told with line and column`(
    text: String, line: Int, column: Int, sentence: String
  ) {
    let fault = #expect(throws: EventDocuments.Fault.self) { try events(text) }
    #expect(fault?.line == line)
    #expect(fault?.column == column)
    #expect(fault?.sentence.hasPrefix(sentence) == true, "\(fault?.sentence ?? "")")
  }
}
