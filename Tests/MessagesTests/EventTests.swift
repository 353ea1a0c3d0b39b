import JSON
import Messages
import Testing

@Suite("An event is decoded as its schema has it")
struct EventTests {
  @Test func `Every field is read`() throws {
    let text = """
      {"id":"o-1042","type":"shop.order","channel":"sms","email":"elsa@example.se",\
      "mobilePhone":"+46701234567","registrationToken":null,"origin":"shop-se",\
      "externalId":"cust-77","language":"sv-SE","country":"SE","emailFormat":"html",\
      "scheduled":"2026-12-24T06:00:00Z","expiration":"2026-12-24T18:00:00+01:00",\
      "ctx":{"n":1.50},"unknown":[{"kept":true}]}
      """
    try withBody(text) { root in
      let event = try EventFields.decode(root, messageID: nil)
      #expect(event.id == "o-1042")
      #expect(event.type == "shop.order")
      #expect(event.channel == "sms")
      #expect(event.addressField == .mobilePhone)
      #expect(event.address == "+46701234567")
      #expect(event.origin?.string == "shop-se")
      #expect(event.externalID?.string == "cust-77")
      #expect(event.language?.string == "sv-SE")
      #expect(event.scheduled == Timestamp(rfc3339: "2026-12-24T06:00:00Z"))
      #expect(event.expiration == Timestamp(rfc3339: "2026-12-24T17:00:00Z"))
      #expect(event.root["unknown"]?.count == 1)
    }
  }

  @Test func `What is null, absent or an empty text is no value`() throws {
    let text =
      #"{"id":"a","type":"t","channel":null,"email":"a@b","origin":"","ctx":{},"language":null}"#
    try withBody(text) { root in
      let event = try EventFields.decode(root, messageID: nil)
      #expect(event.channel == "email")
      #expect(event.origin == nil && event.language == nil && event.externalID == nil)
      #expect(event.scheduled == nil && event.expiration == nil)
    }
  }

  @Test(
    arguments: [
      ("[]", .notAnObject, "$", 0), ("1", .notAnObject, "$", 0),
      (#" {"type":"t","ctx":{}}"#, .missingField, "$.id", 1),
      (#"{"id":null,"type":"t"}"#, .missingField, "$.id", 0),
      (#"{"id":7,"type":"t"}"#, .badID, "$.id", 6), (#"{"id":"","type":"t"}"#, .badID, "$.id", 6),
      (#"{"id":"å","type":"t"}"#, .badID, "$.id", 6),
      (#"{"id":"a"}"#, .missingField, "$.type", 0),
      (#"{"id":"a","type":"a b"}"#, .badType, "$.type", 17),
      (#"{"id":"a","type":1}"#, .badType, "$.type", 17),
      (#"{"id":"a","type":"t","channel":1}"#, .badChannel, "$.channel", 31),
      (#"{"id":"a","type":"t","channel":"SMS"}"#, .badChannel, "$.channel", 31),
      (#"{"id":"a","type":"t","wishedChannel":2}"#, .badChannel, "$.wishedChannel", 37),
      (#"{"id":"a","type":"t","ctx":{}}"#, .badAddress, "$.email", 0),
      (#"{"id":"a","type":"t","email":"x","ctx":{}}"#, .badAddress, "$.email", 29),
      (#"{"id":"a","type":"t","email":"a@b","mobilePhone":"x"}"#, .badAddress, "$.mobilePhone", 49),
      (#"{"id":"a","type":"t","email":"a@b"}"#, .missingField, "$.ctx", 0),
      (#"{"id":"a","type":"t","email":"a@b","ctx":[]}"#, .wrongType, "$.ctx", 41),
      (#"{"id":"a","type":"t","email":"a@b","ctx":{},"origin":1}"#, .wrongType, "$.origin", 53),
      (#"{"id":"a","type":"t","email":"a@b","ctx":{},"country":1}"#, .wrongType, "$.country", 54),
      (
        #"{"id":"a","type":"t","email":"a@b","ctx":{},"emailFormat":3}"#, .badValue,
        "$.emailFormat", 58
      ),
      (#"{"id":"a","type":"t","email":"a@b","ctx":{},"scheduled":1}"#, .badTime, "$.scheduled", 56),
      (
        #"{"id":"a","type":"t","email":"a@b","ctx":{},"expiration":"x"}"#, .badTime, "$.expiration",
        57
      ),
      (#"{"schemaVersion":2,"id":"a"}"#, .badValue, "$.schemaVersion", 17),
      (#"{"id":"a","type":"t","id":"a"}"#, .duplicateKey, "$", 0),
    ] as [(String, ReasonCode, String, Int)])
  func `Each fault has its code, path and place`(
    text: String, code: ReasonCode, path: String, offset: Int
  ) throws {
    let rejection = try #require(try rejection(ofEvent: text))
    #expect(rejection.code == code)
    #expect(rejection.path == path)
    #expect(rejection.offset == offset)
    #expect(!rejection.detail.isEmpty)
    #expect(rejection.sentence == "\(path) at byte \(offset): \(rejection.detail)")
  }

  @Test func `The message's message_id must be the body's id, when there is one`() throws {
    let text = #"{"id":"a","type":"t","email":"a@b","ctx":{}}"#
    #expect(try rejection(ofEvent: text, messageID: "a") == nil)
    #expect(try rejection(ofEvent: text, messageID: "") == nil)
    let mismatch = try rejection(ofEvent: text, messageID: "A")
    #expect(mismatch?.code == .idMismatch)
    #expect(mismatch?.path == "$.id")
    #expect(mismatch?.offset == 6)
  }

  @Test(arguments: [
    ("origin", MessageLimits.originBytes), ("externalId", MessageLimits.externalIDBytes),
    ("language", MessageLimits.languageBytes),
  ])
  func `Texts are taken up to their limit in bytes`(name: String, limit: Int) throws {
    func event(_ value: String) -> String {
      #"{"id":"a","type":"t","email":"a@b","ctx":{},"\#(name)":"\#(value)"}"#
    }
    #expect(try rejection(ofEvent: event(String(repeating: "x", count: limit))) == nil)
    let tooLong = try rejection(ofEvent: event(String(repeating: "x", count: limit + 1)))
    #expect(tooLong?.code == .badValue)
    #expect(tooLong?.path == "$.\(name)")
    #expect(try rejection(ofEvent: event(String(repeating: "å", count: limit)))?.code == .badValue)
  }

  @Test func `A key may stand twice anywhere but at the top level`() throws {
    let text = #"{"id":"a","type":"t","email":"a@b","ctx":{"x":1,"x":2}}"#
    #expect(try rejection(ofEvent: text) == nil)
  }

  @Test(arguments: [
    ("email", #""email" stands twice"#), ("a\\n\\\"b", #""a\n\"b" stands twice"#),
    (String(repeating: "å", count: 100), String(repeating: "å", count: 64) + #"" (cut)"#),
  ])
  func `A key that stands twice is named, cut and escaped`(key: String, words: String) throws {
    let rejection = try #require(try rejection(ofEvent: #"{"\#(key)":1,"id":"x","\#(key)":2}"#))
    #expect(rejection.code == .duplicateKey && rejection.detail.contains(words), "\(rejection)")
  }

  @Test(
    arguments: [
      (#""text""#, .text), (#""HTML""#, .html), ("1", .text), ("2", .html), (#""1""#, .text),
      (#""2""#, .html), ("2.0", .html), ("0", nil), (#""0""#, nil), (#""""#, nil), ("null", nil),
    ] as [(String, EmailFormat?)])
  func `The e-mail format is text or html, or Adobe's number for it`(
    value: String, expected: EmailFormat?
  ) throws {
    let text = #"{"id":"a","type":"t","email":"a@b","ctx":{},"emailFormat":\#(value)}"#
    try withBody(text) { root in
      let event = try EventFields.decode(root, messageID: nil)
      #expect(event.emailFormat == expected)
      #expect(EmailFormat.of(root) == expected)
    }
  }

  @Test(arguments: [#""rtf""#, "3", "-1", "1.5", "true", "{}", "[]", #""01""#])
  func `Any other is refused when the event comes, and was none where it is stored`(value: String)
    throws
  {
    let text = #"{"id":"a","type":"t","email":"a@b","ctx":{},"emailFormat":\#(value)}"#
    let rejection = try #require(try rejection(ofEvent: text))
    #expect(rejection.code == .badValue && rejection.path == "$.emailFormat")
    try withBody(text) { root in
      let event = try EventFields.decode(root, messageID: nil, isStored: true)
      #expect(event.emailFormat == nil)
    }
  }

  @Test func `A rejection never holds what was sent`() throws {
    for name in ["id", "type", "channel", "email", "mobilePhone", "scheduled", "country"] {
      let text = #"{"\#(name)":["SECRET"],"key":"SECRET","key":"SECRET"}"#
      let sentence = try rejection(ofEvent: text)?.sentence
      #expect(sentence?.contains("SECRET") == false)
    }
    let bad = #"{"id":"a","type":"t","email":"SECRET","ctx":{}}"#
    #expect(try rejection(ofEvent: bad)?.sentence.contains("SECRET") == false)
  }

  @Test(
    arguments: [
      ("email", "email", "a@b"), ("sms", "mobilePhone", "+46701"), ("push-ios", nil, nil),
      ("letter", "address", "Gatan 1\nMalmö"),
    ] as [(String, String?, String?)])
  func `A fallback channel has the address that the event gives for it`(
    channel: String, field: String?, address: String?
  ) throws {
    let text =
      #"{"id":"a","type":"t","email":"a@b","mobilePhone":"+46701","address":"Gatan 1\nMalmö","registrationToken":null,"ctx":{}}"#
    try withBody(text) { root in
      let event = try EventFields.decode(root, messageID: nil)
      let other = event.on(channel: JSONString(bytes: lasting(channel)))
      #expect(other.map { "\($0.addressField.name)" } == field)
      #expect(other?.address.string == address)
      #expect(other?.channel.string ?? channel == channel)
      #expect(other?.id ?? event.id == event.id)
    }
  }
}
