import JSON
import Testing

@Suite struct JSONSplitterTests {
  @Test("The elements of an array, or of events, are cut as they stand", arguments: [
    ("[ {\"a\" : 1.0} , {} ]", ["{\"a\" : 1.0}", "{}"]), ("[]", []),
    ("{\"events\":[{\"id\":\"1\"},7]}", ["{\"id\":\"1\"}", "7"]),
    ("{\"source\":\"x\",\"events\":[]}", []), ("{\"events\":1}", nil), ("{\"id\":\"1\"}", nil),
    ("{\"id\":\"1\",\"events\":[{}]}", nil), ("{\"type\":\"t\",\"events\":[{}]}", nil), ("1", nil),
  ] as [(String, [String]?)])
  func batches(_ document: String, _ expected: [String]?) throws {
    try withJSON(document) { root in
      let cut = JSONSplitter(batch: root).map { splitter in
        splitter.map { String(decoding: Array(document.utf8)[$0], as: UTF8.self) }
      }
      #expect(cut == expected)
      #expect(JSONSplitter.elements(of: root).map { $0.map { text($0.source) } } == expected)
    }
  }

  @Test("Lines are cut without their ends, blank ones left out, bad ones kept", arguments: [
    ("{\"a\":1}\n{\"b\":2}\n", ["{\"a\":1}", "{\"b\":2}"]),
    ("{\"a\":1}\r\n\r\n \t\r\n{\"b\":2}", ["{\"a\":1}", "{\"b\":2}"]),
    ("{bad\n{}\n", ["{bad", "{}"]), ("", []), ("\n\n", []), ("  {}  \n", ["{}"]), ("x", ["x"]),
  ])
  func lines(_ body: String, _ expected: [String]) {
    let bytes = Array(body.utf8)
    let cut = bytes.withUnsafeBytes { bytes in
      JSONSplitter(lines: bytes).map { text(UnsafeRawBufferPointer(rebasing: bytes[$0])) }
    }
    #expect(cut == expected)
  }
}
