import JSON
import Messages
import Testing

@Suite("What is shown of a sensitive event")
struct RedactedEventTests {
  private func redacted(_ text: String) throws -> String {
    try withBody(text) { root in
      var writer = ByteWriter(capacity: 256)
      RedactedEvent.write(root, to: &writer)
      return String(decoding: writer.array(), as: UTF8.self)
    }
  }

  @Test
  func `The contract's fields as they were written; no ctx, and nothing that it does not know`()
    throws
  {
    let event = """
      {"code":"S3CRET","id":"c-1", "type":"login_code","email":"elsa@example.se","emailFormat": 1,
       "ctx":{"code":"S3CRET"},"cloudevent":{"hint":"S3CRET"},"country":{"a":"S3CRET"},
       "origin":["S3CRET"],"language":"sv\\u002dSE","scheduled":null,"CTX":"S3CRET"}
      """
    #expect(
      try redacted(event) == """
        {"id":"c-1","type":"login_code","email":"elsa@example.se","language":"sv\\u002dSE",\
        "emailFormat":1,"scheduled":null,"ctxHidden":true}
        """)
    for other in ["[1]", "\"S3CRET\"", "7", "{}"] {
      #expect(try redacted(other) == #"{"ctxHidden":true}"#)
    }
  }

  @Test(arguments: [
    (#"{"id":"c-1"}"#, true), (#"{"id":"c-1","type":"login_code","email":7}"#, true),
    (#"{"id":"c-1","ctx":{}}"#, false), (#"{"id":"c-1","code":"1"}"#, false),
    (#"{"id":{"a":1}}"#, false), ("[]", false), ("7", false), ("{}", true),
    (#"{"deliveryId":"c-1.00.1","eventId":"c-1","outcome":"sent","occurredAt":1}"#, true),
    (#"{"deliveryId":"x","outcome":"failed","reason":{"code":"a","text":"b"}}"#, true),
    (#"{"deliveryId":"x","reason":{"text":{"ctx":1}}}"#, false),
    (#"{"deliveryId":"x","reason":["a"]}"#, false), (#"{"deliveryId":"x","reason":"a"}"#, false),
    (#"{"deliveryId":"x","content":{"text":"a"}}"#, false),
  ])
  func `Nothing is hidden of an event without data, and of a delivery log`(
    _ text: String, isHarmless: Bool
  ) throws {
    #expect(try withBody(text) { RedactedEvent.hidesNothing($0) } == isHarmless)
  }
}
