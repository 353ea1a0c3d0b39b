import JSON
import Messages
import Testing

@Suite("What cannot be read is refused with a code for the parked exchange")
struct RejectionTests {
  @Test(
    arguments: [
      ([0x7B], .notJSON, "$", 1), ([], .notJSON, "$", 0),
      ([0x22, 0xFF, 0x22], .invalidUTF8, "$", 1),
      (Array("[1e999]".utf8), .numberOutOfRange, "$[0]", 1),
      ([UInt8](repeating: 0x5B, count: 70), .tooDeep, nil, MessageLimits.documentDepth),
    ] as [([UInt8], ReasonCode, String?, Int)])
  func `Every mistake of the parser has its code`(
    bytes: [UInt8], code: ReasonCode, path: String?, offset: Int
  ) throws {
    let error = try #require(throws: JSONError.self) { try withBody(bytes) { _ in } }
    let rejection = Rejection(error)
    #expect(rejection.code == code)
    #expect(rejection.path == path ?? error.path)
    #expect(rejection.offset == offset)
    #expect(rejection.detail == "line 1, column \(error.column): \(error.detail)")
  }

  @Test func `A message beyond the broker's own limit is too large`() throws {
    let bytes = [UInt8](repeating: 0x20, count: MessageLimits.messageBytes + 1)
    // Caught by hand: `#require` would describe the bytes one by one.
    do {
      try withBody(bytes) { _ in Issue.record("accepted") }
    } catch let error as JSONError {
      #expect(Rejection(error).code == .tooLarge)
      #expect(Rejection(error).offset == MessageLimits.messageBytes)
    }
  }

  @Test(
    arguments: [
      ("[]", .emptyBatch, "$"), (#"{"events":[]}"#, .emptyBatch, "$.events"),
      (#"{"schemaVersion":2,"events":[1]}"#, .badValue, "$.schemaVersion"),
    ] as [(String, ReasonCode, String)])
  func `A batch without events, or of another version, is refused; one event is no batch`(
    text: String, code: ReasonCode, path: String
  ) throws {
    try withBody(text) { root in
      let rejection = try #require(throws: Rejection.self) { try EventBatch.check(root) }
      #expect(rejection.code == code)
      #expect(rejection.path == path)
    }
    #expect(try withBody(#"{"schemaVersion":1,"events":[1]}"#) { try EventBatch.check($0) })
    #expect(try !withBody(#"{"id":"a","events":[]}"#) { try EventBatch.check($0) })
  }

  @Test func `Without a place the sentence has the path alone`() {
    let rejection = Rejection(code: .badReplyTo, path: "$", offset: nil, detail: "expected another")
    #expect(rejection.sentence == "$: expected another")
  }
}
