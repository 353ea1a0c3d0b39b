import Foundation
import JSON
import Messages
import Testing

@Suite("Ids, types, channels and addresses follow their grammars")
struct GrammarTests {
  @Test(arguments: [
    ("a", true), (" ", true), ("~!\"\\.#*", true), (String(repeating: "x", count: 128), true),
    ("", false), (String(repeating: "x", count: 129), false), ("å", false), ("a\nb", false),
    ("a\u{7F}", false), ("\0", false),
  ])
  func `An event's id is 1 to 128 printable ASCII characters`(text: String, expected: Bool) {
    #expect(withBytes(text) { isEventID($0) } == expected)
  }

  @Test(arguments: [
    ("a", true), ("order_confirmation", true), ("A.b-c.0_9", true), ("-", true), ("_._", true),
    (String(repeating: "t", count: 128), true), ("", false), (".", false), ("a.", false),
    (".a", false), ("a..b", false), ("a b", false), ("a/b", false), ("*", false), ("a.#", false),
    ("ö", false), (String(repeating: "t", count: 129), false), ("a\n", false),
  ])
  func `An event type is words joined by dots, at most 128 bytes`(text: String, expected: Bool) {
    #expect(withBytes(text) { isEventType($0) } == expected)
  }

  @Test(arguments: [
    ("email", true), ("push-ios", true), ("0", true), ("-", true),
    (String(repeating: "c", count: 32), true), ("", false), ("SMS", false), ("a.b", false),
    ("a_b", false), ("a b", false), ("å", false), (String(repeating: "c", count: 33), false),
  ])
  func `A channel is 1 to 32 lower-case letters, digits and hyphens`(text: String, expected: Bool) {
    #expect(withBytes(text) { Channel.isValid($0) } == expected)
  }

  @Test(arguments: [
    ("email", Channel.AddressField.email), ("sms", .mobilePhone),
    ("push-ios", .registrationToken), ("push-android", .registrationToken), ("letter", .address),
    ("push-web", .address), ("emai", .address),
  ])
  func `Each channel has its address field`(channel: String, field: Channel.AddressField) {
    #expect(Channel.addressField(of: JSONString(bytes: lasting(channel))) == field)
  }

  private static let longest = String(repeating: "x", count: 242) + "@example.com"

  @Test(arguments: [
    ("email", "a@b", true), ("email", "elsa.ö+x@exämple.se", true), ("email", longest, true),
    ("email", "x" + longest, false), ("email", "", false), ("email", "@b", false),
    ("email", "a@", false), ("email", "ab", false), ("email", "a@b@c", false),
    ("email", "a b@c", false), ("email", "a@b\\nBcc: c@d", false), ("email", "a@b,c@d", false),
    ("email", "a@b;", false), ("email", "Elsa <a@b>", false), ("email", "a@b\u{A0}", false),
    ("email", "a@b\u{2028}", false), ("email", "a@b\u{7F}", false),
    ("email", "\u{FEFF}a@b", false), ("email", "a@b\u{200B}", false),
    ("email", "a\u{80}@b", false), ("email", "a\u{202E}@b", false),
    ("email", "a\u{AD}@b", false),
    ("mobilePhone", "+46701234567", true), ("mobilePhone", "070-123 45.67", true),
    ("mobilePhone", "(070) 12", true), ("mobilePhone", "12", true),
    ("mobilePhone", String(repeating: "1", count: 32), true),
    ("mobilePhone", String(repeating: "1", count: 33), false), ("mobilePhone", "1", false),
    ("mobilePhone", "+", false), ("mobilePhone", "+1", false), ("mobilePhone", "", false),
    ("mobilePhone", "++46701", false), ("mobilePhone", "-12", false),
    ("mobilePhone", "()", false), ("mobilePhone", "(-)", false),
    ("mobilePhone", "0701x", false), ("mobilePhone", "070\\n1", false),
    ("registrationToken", "aB:_-9", true), ("registrationToken", "", false),
    ("registrationToken", String(repeating: "t", count: 4096), true),
    ("registrationToken", String(repeating: "t", count: 4097), false),
    ("registrationToken", "a b", false), ("registrationToken", "ä", false),
    ("address", "Gatan 1\\n211 22 Malmö", true), ("address", "", false),
    ("address", String(repeating: "a", count: 4096), true),
    ("address", String(repeating: "a", count: 4097), false),
  ])
  func `Addresses are checked for their form`(field: String, value: String, expected: Bool) throws {
    let channels = [
      "email": "email", "mobilePhone": "sms", "registrationToken": "push-ios", "address": "letter",
    ]
    let text =
      #"{"id":"a","type":"t","channel":"\#(channels[field]!)","\#(field)":"\#(value)","ctx":{}}"#
    let rejection = try rejection(ofEvent: text)
    #expect((rejection == nil) == expected)
    if let rejection {
      #expect(rejection.code == .badAddress)
      #expect(rejection.path == "$.\(field)")
    }
  }

  @Test(
    arguments: [
      ("0", "email"), ("1", "sms"), ("41", "push-ios"), ("42", "push-android"), ("0.0", "email"),
      ("4.1e1", "push-ios"), (#""0""#, "email"), (#""1""#, "sms"), (#""41""#, "push-ios"),
      (#""42""#, "push-android"), (#""sms""#, "sms"), (#""letter""#, "letter"), ("null", "email"),
      (#""01""#, "01"), (#""7""#, "7"), ("2", nil), ("-1", nil), ("41.5", nil), ("true", nil),
      (#""""#, nil), (#""SMS""#, nil), ("[0]", nil), ("18446744073709551615", nil),
    ] as [(String, String?)])
  func `wishedChannel is a name, or one of Adobe's numbers as number or text`(
    value: String, expected: String?
  ) throws {
    let addresses =
      #""email":"a@b","mobilePhone":"+46701","registrationToken":"t","address":"x""#
    let text = #"{"id":"a","type":"t","wishedChannel":\#(value),\#(addresses),"ctx":{}}"#
    try withBody(text) { root in
      let channel = try? EventFields.decode(root, messageID: nil).channel.string
      #expect(channel == expected)
    }
    // The other name counts first, and has no numbers.
    let both = text.replacing("{\"id\"", with: "{\"channel\":\"sms\",\"id\"")
    try withBody(both) { root in
      let event = try EventFields.decode(root, messageID: nil)
      #expect(event.channel == "sms")
    }
    let number = #"{"id":"a","type":"t","channel":0,\#(addresses),"ctx":{}}"#
    #expect(try rejection(ofEvent: number)?.code == .badChannel)
  }

  @Test func `Reason codes are routing keys, and no two are the same`() throws {
    let file = Example.repository.appending(path: "Sources/Messages/ReasonCode.swift")
    let source = try String(contentsOf: file, encoding: .utf8)
    let codes = source.matches(of: /ReasonCode\("([^"]*)"\)/).map { String($0.1) }
    #expect(codes.count >= 30)
    #expect(Set(codes).count == codes.count)
    for code in codes { #expect(code.wholeMatch(of: /[a-z0-9]+(-[a-z0-9]+)*/) != nil) }
    #expect(codes.contains(ReasonCode.notJSON.rawValue))
  }

  @Test func `The bounds fit each other`() {
    MessageLimits.check()
  }
}
