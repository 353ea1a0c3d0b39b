import Testing

@testable import Commands

@Suite("Looking for an address in stored events")
struct AddressSearchTests {
  private func isIn(_ address: String, _ body: String) -> Bool {
    Array(body.utf8).withUnsafeBytes { AddressSearch(address).isIn($0) }
  }

  @Test(arguments: [
    ("elsa@example.se", #"{"email":"Elsa@Example.SE"}"#),
    ("ELSA@example.se", #"{"email":"elsa@example.se"}"#),
    ("elsa@example.se", #"{"data":{"email":"elsa@example.se"}}"#),
    ("elsa@example.se", #"{"email":"\u0065lsa@example.se"}"#),
    ("elsa@example.se", #"{"address":"elsa@example.se"}"#),
  ])
  func `An e-mail address is the same whatever letters are capital`(address: String, body: String) {
    #expect(isIn(address, body))
  }

  @Test(arguments: ["+46701234567", "+46 70-123 45 67", "+46(70)1234567", "46.70.123.45.67"])
  func `A phone number is the same whatever stands between its digits`(number: String) {
    #expect(isIn("+46 701 234 567", #"{"mobilePhone":"\#(number)"}"#))
    #expect(!isIn("+46 701 234 568", #"{"mobilePhone":"\#(number)"}"#))
  }

  @Test(arguments: [
    ("elsa@example.se", #"{"email":"anelsa@example.se"}"#),
    ("elsa@example.se", #"{"email":"elsa@example.sex"}"#),
    ("elsa@example.se", #"{"origin":"elsa@example.se"}"#),
    ("elsa@example.se", #"{"ctx":{"email":"elsa@example.se"}}"#),
    ("elsa@example.se", #"["elsa@example.se"]"#), ("elsa@example.se", "elsa@example.se"),
    ("elsa@example.se", #"{"email":["elsa@example.se"]}"#), ("elsa@example.se", ""),
    ("token-a", #"{"registrationToken":"Token-A"}"#), ("70", #"{"mobilePhone":"+4670"}"#),
  ])
  func `Elsewhere than in an address, inside another one, or in what is no object, it is not`(
    address: String, body: String
  ) {
    #expect(!isIn(address, body))
  }

  @Test func `A token is looked for byte by byte`() {
    #expect(isIn("token-a", #"{"registrationToken":"token-a"}"#))
    // Of digits alone it may be a phone number as well.
    #expect(isIn("123456", #"{"registrationToken":"123456"}"#))
  }
}
