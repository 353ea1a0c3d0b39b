import Testing

@testable import JSON

@Suite("A document is accepted up to a limit and refused beyond it")
struct LimitTests {
  private static func nested(_ depth: Int, _ open: String, _ inside: String, _ close: String)
    -> [UInt8]
  {
    Array(
      (String(repeating: open, count: depth) + inside + String(repeating: close, count: depth))
        .utf8)
  }

  @Test(arguments: [1, 2, 3, 64, 66, 1024])
  func `Depth counts arrays and objects inside each other`(limit: Int) throws {
    for inside in ["", "1", "\"x\",null"] {
      #expect(fault(in: Self.nested(limit, "[", inside, "]"), maxDepth: limit) == nil)
      let tooDeep = fault(in: Self.nested(limit + 1, "[", inside, "]"), maxDepth: limit)
      #expect(tooDeep?.code == .tooDeep)
      #expect(tooDeep?.offset == limit)
    }
    let objects = Self.nested(limit - 1, #"{"a":"#, "{}", "}")
    #expect(fault(in: objects, maxDepth: limit) == nil)
    let tooDeep = fault(in: Self.nested(limit, #"{"a":"#, "{}", "}"), maxDepth: limit)
    #expect(tooDeep?.code == .tooDeep)
    #expect(tooDeep?.offset == limit * 5)
  }

  @Test func `Containers beside each other do not add up to a depth`() {
    let wide = "[" + Array(repeating: "[[]]", count: 500).joined(separator: ",") + "]"
    #expect(fault(in: Array(wide.utf8), maxDepth: 3) == nil)
    #expect(fault(in: Array(wide.utf8), maxDepth: 2)?.code == .tooDeep)
  }

  @Test(arguments: ["[", #"{"a":"#])
  func `A megabyte of opening brackets is refused, not followed`(open: String) {
    let bytes = Array(String(repeating: open, count: (1 << 20) / open.utf8.count).utf8)
    #expect(fault(in: bytes)?.code == .tooDeep)
    #expect(fault(in: bytes)?.path.utf8.count ?? 0 < 600)
  }

  @Test(arguments: [2, 4, 100, 4096, 65_536])
  func `Size is the document's bytes, white space too`(limit: Int) {
    let exact = Array(("[" + String(repeating: " ", count: limit - 2) + "]").utf8)
    #expect(fault(in: exact, maxBytes: limit) == nil)
    let error = fault(in: exact + [0x20], maxBytes: limit)
    #expect(error?.code == .tooLarge)
    #expect(error?.offset == limit)
    #expect(error?.detail == "the document has \(limit + 1) bytes; at most \(limit) are accepted")
  }

  @Test func `A path is cut before it grows without bound`() {
    let name = String(repeating: "n", count: 200)
    let bytes = Array((String(repeating: "{\"\(name)\":", count: 60) + "x").utf8)
    let path = fault(in: bytes)?.path ?? ""
    #expect(path.hasPrefix("$[\"nnnn"))
    #expect(path.hasSuffix("…"))
    #expect(path.utf8.count < 600)
    #expect(!path.contains(name))
  }

  @Test func `A limit out of range is a programmer's error`() async {
    await #expect(processExitsWith: .failure) { _ = JSONParser(maxDepth: 0) }
    await #expect(processExitsWith: .failure) { _ = JSONParser(maxDepth: 1025) }
    await #expect(processExitsWith: .failure) { _ = JSONParser(maxBytes: (1 << 30) + 1) }
  }
}
