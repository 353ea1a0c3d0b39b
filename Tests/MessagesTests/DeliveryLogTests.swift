import JSON
import Messages
import Testing

@Suite("A delivery log is decoded as its schema has it")
struct DeliveryLogTests {
  private static func log(_ rest: String, id: String = "o.1.07.3", event: String = "o.1") -> String
  {
    #"{"deliveryId":"\#(id)","eventId":"\#(event)",\#(rest)}"#
  }

  private static let happened = #""occurredAt":"2026-12-24T07:00:00+01:00""#

  @Test func `Every field is read`() throws {
    let text = Self.log(
      #""outcome":"failed","reason":{"code":"550 5.1.1","text":"Finns inte"},"providerMessageId":"p","x":1,"#
        + Self.happened)
    try withBody(text) { root in
      let log = try DeliveryLogFields.decode(root)
      #expect(log.eventID == "o.1")
      #expect(log.shard == ShardNumber(7))
      #expect(log.attempt == 3)
      #expect(log.outcome == .deliveryFailed)
      #expect(log.reasonCode?.string == "550 5.1.1")
      #expect(log.reasonText?.string == "Finns inte")
      #expect(log.providerMessageID?.string == "p")
      #expect(log.occurredAt == Timestamp(rfc3339: "2026-12-24T06:00:00Z"))
    }
  }

  @Test(arguments: [("sent", Status.sent), ("ignored", .ignored), ("failed", .deliveryFailed)])
  func `The outcome is a status`(name: String, status: Status) throws {
    try withBody(Self.log(#""outcome":"\#(name)","reason":null,"# + Self.happened)) { root in
      let log = try DeliveryLogFields.decode(root)
      #expect(log.outcome == status)
      #expect(log.reasonCode == nil && log.reasonText == nil && log.providerMessageID == nil)
    }
  }

  @Test(
    arguments: [
      ("[]", .notAnObject, "$", 0), ("{}", .missingField, "$.deliveryId", 0),
      (#"{"deliveryId":1}"#, .badID, "$.deliveryId", 14),
      (#"{"deliveryId":"o-1"}"#, .badID, "$.deliveryId", 14),
      (#"{"deliveryId":"o-1.00.1"}"#, .missingField, "$.eventId", 0),
      (log(happened, event: "o.2"), .idMismatch, "$.eventId", 35),
      (log(#""outcome":"sent""#), .missingField, "$.occurredAt", 0),
      (log(happened), .missingField, "$.outcome", 0),
      (log(#""outcome":"SENT","# + happened), .badValue, "$.outcome", 51),
      (log(#""outcome":1,"# + happened), .badValue, "$.outcome", 51),
      (log(#""occurredAt":7"#), .badTime, "$.occurredAt", 54),
      (log(#""reason":"x","# + happened), .wrongType, "$.reason", 50),
      (log(#""reason":{},"# + happened), .missingField, "$.reason.code", 50),
      (log(#""reason":{"code":7},"# + happened), .badValue, "$.reason.code", 58),
      (log(#""reason":{"code":""},"# + happened), .badValue, "$.reason.code", 58),
      (log(#""reason":{"code":"å"},"# + happened), .badValue, "$.reason.code", 58),
      (log(#""reason":{"code":"a","text":1},"# + happened), .wrongType, "$.reason.text", 69),
      (
        log(#""outcome":"sent","providerMessageId":1,"# + happened), .wrongType,
        "$.providerMessageId", 78
      ),
      (log(#""schemaVersion":2,"# + happened), .badValue, "$.schemaVersion", 57),
      (log(#""x":1,"x":1,"# + happened), .duplicateKey, "$", 0),
    ] as [(String, ReasonCode, String, Int)])
  func `Each fault has its code, path and place`(
    text: String, code: ReasonCode, path: String, offset: Int
  ) throws {
    let rejection = try #require(try rejection(ofLog: text))
    #expect(rejection.code == code)
    #expect(rejection.path == path)
    #expect(rejection.offset == offset)
  }

  @Test func `A long explanation is cut between characters; it never costs the outcome`() throws {
    for (character, kept) in [("x", 4096), ("å", 2048), ("€", 1365), ("😀", 1024)] {
      let text = String(repeating: character, count: 5_000)
      let body = Self.log(
        #""outcome":"sent","reason":{"code":"c","text":"\#(text)"},"# + Self.happened)
      try withBody(body) { root in
        let log = try DeliveryLogFields.decode(root)
        #expect(log.reasonText?.string == String(text.prefix(kept)))
      }
    }
  }

  @Test func `A provider's id is taken up to its limit`() throws {
    func body(_ count: Int) -> String {
      let id = String(repeating: "p", count: count)
      return Self.log(#""outcome":"sent","providerMessageId":"\#(id)","# + Self.happened)
    }
    #expect(try rejection(ofLog: body(MessageLimits.providerMessageIDBytes)) == nil)
    let tooLong = try rejection(ofLog: body(MessageLimits.providerMessageIDBytes + 1))
    #expect(tooLong?.code == .badValue)
    #expect(tooLong?.path == "$.providerMessageId")
  }
}
