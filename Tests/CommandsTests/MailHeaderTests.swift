import Messages
import Testing

@testable import Commands

@Suite("Header fields of a mail")
struct MailHeaderTests {
  @Test func `ASCII stands as it is`() {
    #expect(MailHeader.text("Subject", "Your order 1042") == "Subject: Your order 1042\r\n")
    #expect(MailHeader.address("To", "elsa@example.se") == "To: elsa@example.se\r\n")
    #expect(
      MailHeader.address("From", "The Shop <shop@example.se>")
        == "From: The Shop <shop@example.se>\r\n")
    #expect(MailHeader.address("From", "<shop@example.se>") == "From: <shop@example.se>\r\n")
  }

  @Test func `Other letters, and what looks like an encoded word, are encoded words`() {
    #expect(MailHeader.text("Subject", "Hej Åsa") == "Subject: =?utf-8?B?SGVqIMOFc2E=?=\r\n")
    #expect(MailHeader.text("Subject", "=?x") == "Subject: =?utf-8?B?PT94?=\r\n")
    // An address is never encoded, only the name before it; quotes are not part of the name.
    #expect(
      MailHeader.address("From", "\"Å \\\"B\\\"\" <a@b.se>")
        == "From: =?utf-8?B?w4UgIkIi?= <a@b.se>\r\n")
  }

  @Test func `A line break in a value cannot begin another field`() {
    let field = MailHeader.text("Subject", "Hi\r\nBcc: all@example.se")
    #expect(field.split(separator: "\r\n", omittingEmptySubsequences: true).count == 1)
    #expect(!field.contains("Bcc"))
  }

  @Test(arguments: [
    String(repeating: "word ", count: 60), String(repeating: "å", count: 300),
    String(repeating: "👩‍👩‍👧‍👦", count: 30), "a" + String(repeating: " ", count: 200) + "b",
  ])
  func `No line is longer than 78 characters, and no encoded word than 75`(value: String) {
    let field = MailHeader.text("Subject", value)
    #expect(field.hasSuffix("\r\n"))
    let lines = field.utf8.split(separator: UInt8(ascii: "\n")).map { $0.count - 1 }
    let hasBlanks = value.contains("  ")
    if !hasBlanks { #expect(lines.allSatisfy { $0 <= 78 }, "\(lines)") }
    // A line of nothing but blanks is none.
    for line in field.split(separator: "\r\n") { #expect(line.contains { $0 != " " }) }
    for word in field.split(whereSeparator: { " \r\n".contains($0) }) where word.hasPrefix("=?") {
      #expect(word.utf8.count <= 75)
      #expect(word.hasSuffix("?="))
    }
  }

  @Test func `A date is in UTC, with the day of its week`() throws {
    let time = try #require(Timestamp(rfc3339: "2026-12-24T07:05:09+01:00"))
    #expect(MailHeader.date(time) == "Date: Thu, 24 Dec 2026 06:05:09 +0000\r\n")
    let leap = try #require(Timestamp(rfc3339: "2028-02-29T23:59:59Z"))
    #expect(MailHeader.date(leap) == "Date: Tue, 29 Feb 2028 23:59:59 +0000\r\n")
  }
}
