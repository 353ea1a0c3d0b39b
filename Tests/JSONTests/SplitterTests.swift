import Testing

@testable import JSON

@Suite("A body with several documents is split where they stand")
struct SplitterTests {
  private func elements(_ text: String) throws -> [String]? {
    let bytes = Array(text.utf8)
    return try withDocument(bytes) { root in
      let values = JSONSplitter.elements(of: root)?.map(\.text)
      let ranges = JSONSplitter(batch: root)?.map { String(decoding: bytes[$0], as: UTF8.self) }
      #expect(values == ranges)
      return ranges
    }
  }

  private func lines(_ text: String) -> [String] {
    Array(text.utf8).withUnsafeBytes { bytes in
      JSONSplitter(lines: bytes).map { String(decoding: bytes[$0], as: UTF8.self) }
    }
  }

  @Test(arguments: [
    ("[]", []), (#"[{"id":"a"}, {"id":"b"} ]"#, [#"{"id":"a"}"#, #"{"id":"b"}"#]),
    (#"[1.50,null,[[]],"x"]"#, ["1.50", "null", "[[]]", #""x""#]),
  ])
  func `An array is split into its elements, bad ones too`(text: String, expected: [String]) throws
  {
    #expect(try elements(text) == expected)
  }

  @Test(
    arguments: [
      (#"{"events":[{"id":1},2]}"#, [#"{"id":1}"#, "2"]), (#"{"x":0, "events" : [ ] }"#, []),
      (#"{"id":"a","events":[1]}"#, nil), (#"{"type":"a","events":[1]}"#, nil), ("{}", nil),
      (#"{"events":{}}"#, nil), (#"{"events":null}"#, nil), ("1", nil), (#""events""#, nil),
    ] as [(String, [String]?)])
  func `An object with an array of events is split, one that names itself is not`(
    text: String, expected: [String]?
  ) throws {
    #expect(try elements(text) == expected)
  }

  @Test(arguments: [
    ("", []), ("\n\r\n  \n\t", []), ("{}", ["{}"]), ("{}\n", ["{}"]),
    ("1\n2\n3", ["1", "2", "3"]),
    ("1\r\n2\r\n", ["1", "2"]), ("\n\n 1 \t\n\r\n\r\n2", ["1", "2"]), ("1\r2", ["1\r2"]),
    ("{\"a\":\"å\"}\n{bad\n[1]", ["{\"a\":\"å\"}", "{bad", "[1]"]),
  ])
  func `Lines end with LF or CR LF; blank ones and white space around are left out`(
    text: String, expected: [String]
  ) {
    #expect(lines(text) == expected)
  }

  @Test func `A bad line hurts no other`() {
    let body = Array("{\"a\":1}\r\n{\"a\":\r\n\r\n{\"a\":3}\n".utf8)
    let ranges = body.withUnsafeBytes { Array(JSONSplitter(lines: $0)) }
    #expect(ranges == [0..<7, 9..<14, 18..<25])
    #expect(ranges.map { fault(in: Array(body[$0])) == nil } == [true, false, true])
  }

  @Test(arguments: ["\n", " ", "\r\n", "1\n"])
  func `A megabyte of blanks and line ends is read once`(line: String) {
    let count = (1 << 20) / line.utf8.count
    let split = lines(String(repeating: line, count: count))
    #expect(split.count == (line == "1\n" ? count : 0))
  }
}
