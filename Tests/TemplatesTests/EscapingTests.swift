import Foundation
import JSON
import TestSupport
import Testing

@testable import Templates

struct EscapingTests {
  @Test func `Html escapes five characters, text and header none`() throws {
    let event = #"{"x":"<a href=\"b\">&'</a>"}"#
    #expect(
      try render("{{x}}", event) == "&lt;a href=&quot;b&quot;&gt;&amp;&#39;&lt;/a&gt;")
    #expect(try render("{{{x}}}{{&x}}", event) == #"<a href="b">&'</a><a href="b">&'</a>"#)
    #expect(try render("{{x}}", event, style: .text) == #"<a href="b">&'</a>"#)
    #expect(try render("{{x}}", event, style: .header) == #"<a href="b">&'</a>"#)
  }

  @Test(arguments: [
    "1.210", "1e3", "1E+3", "-0", "0.1000000000000000055", "12345678901234567890", "-1.0",
    "100000000000000000000000000000e-5",
  ])
  func `Numbers render as they are written`(_ number: String) throws {
    for style in [MustacheStyle.text, .html, .header] {
      #expect(try render("{{x}}", "{\"x\": \(number) }", style: style) == number)
      #expect(try render("{{#x}}{{.}};{{/x}}", "[\(number)]", style: style) == "")
      #expect(
        try render("{{#x}}{{.}};{{/x}}", "{\"x\":[\(number),\(number)]}", style: style)
          == "\(number);\(number);")
    }
  }

  @Test func `True and false render as words, null and missing as nothing`() throws {
    #expect(
      try render("{{t}}{{f}}{{n}}{{m}}.", #"{"t":true,"f":false,"n":null}"#) == "truefalse.")
  }

  @Test
  func `Empty strings and arrays, null and false are false; zero and an empty object are not`()
    throws
  {
    let event = #"{"s":"","n":null,"f":false,"a":[],"z":0,"o":{}}"#
    #expect(
      try render("{{#s}}s{{/s}}{{#n}}n{{/n}}{{#f}}f{{/f}}{{#a}}a{{/a}}", event) == "")
    #expect(
      try render("{{^s}}s{{/s}}{{^n}}n{{/n}}{{^f}}f{{/f}}{{^a}}a{{/a}}", event) == "snfa")
    #expect(try render("{{#z}}z{{/z}}{{#o}}o{{/o}}", event) == "zo")
  }

  @Test
  func `A header loses every control character, from the event and from the template`() throws {
    let event = #"{"x":"a\r\nBcc: b\u0000\u001f\u007f\u0085\u2028\u2029\tc\u00a0é\u202a"}"#
    let expected = "aBcc: bc\u{A0}é\u{202A}"
    #expect(try render("{{x}}", event, style: .header) == expected)
    #expect(try render("{{{x}}}{{&x}}", event, style: .header) == expected + expected)
    #expect(try render("one\r\ntwo\tthree\n", "{}", style: .header) == "onetwothree")
  }

  @Test func `In a line a break is a blank: one for several, none at the beginning`() throws {
    let event = #"{"x":"\r\nfirst line\r\nsecond\u2028\u2029\tthird\u0085\u0000.\u000b"}"#
    #expect(try render("{{x}}", event, style: .line) == "first line second third . ")
    #expect(try render("\"{{{x}}}", #"{"x":"\ny"}"#, style: .line) == "\" y")
    #expect(try render("one\r\ntwo\tthree", "{}", style: .line) == "one two three")
    #expect(try render("{{x}}\nz", #"{"x":"y"}"#, style: .line) == "y z")
  }

  @Test func `In a display name a quote and a backslash stand behind a backslash`() throws {
    let event = #"{"x":"A\", evil@example.com, \"B\\\n"}"#
    #expect(
      try render("{{x}}|{{{x}}}", event, style: .phrase)
        == #"A\", evil@example.com, \"B\\ |A\", evil@example.com, \"B\\ "#)
  }

  @Test func `A value in a URL is percent-encoded: all of it, or what no URL may hold`() throws {
    let event = #"{"x":"faktura å/7?a=b&c#d%20%2e100%[\"","u":"https://a.se/?q=1#å"}"#
    #expect(
      try render("https://b.se/{{x}}.pdf", event, style: .link)
        == "https://b.se/faktura%20%C3%A5/7%3Fa%3Db%26c%23d%20%2e100%25%5B%22.pdf")
    #expect(
      try render("https://b.se/{{{x}}}.pdf", event, style: .link)
        == "https://b.se/faktura%20%C3%A5/7?a=b&c#d%20%2e100%25%5B%22.pdf")
    #expect(try render("{{u}}", event, style: .link) == "https://a.se/?q=1#%C3%A5")
    #expect(try render("https://b.se/ö.pdf", "{}", style: .link) == "https://b.se/%C3%B6.pdf")
  }

  @Test func `An object or an array has no text: the error names file, line and tag`() throws {
    for (event, kind) in [(#"{"x":{"y":1}}"#, "object"), (#"{"x":[1]}"#, "array")] {
      let error = try #require(throws: RenderError.self) { try render("\n\n{{ x }}", event) }
      #expect(error.code == .notScalar)
      #expect(error.description.hasPrefix("test:3: {{ x }}: "))
      #expect(error.detail.hasSuffix(kind))
    }
  }

  @Test func `Random text comes out as a plain implementation would write it`() throws {
    var generator = SeededRandom(printedSeed())
    let alphabet = Array(
      "ab<>&'\"\\/{}\u{0}\u{1}\u{7F}\u{85}\u{9F}\u{A0}\r\n\t é日\u{2028}\u{2027}😀")
    for _ in 0..<2_000 {
      let characters = (0..<Int.random(in: 0...40, using: &generator)).map { _ in
        alphabet[Int.random(in: 0..<alphabet.count, using: &generator)]
      }
      let text = String(characters)
      var event = ByteWriter(capacity: 64)
      event.write("{\"x\":")
      event.writeJSONString(text)
      event.write("}")
      let json = String(decoding: event.array(), as: UTF8.self)
      #expect(try render("{{x}}", json, style: .text) == text)
      #expect(try render("{{x}}", json, style: .html) == Self.html(text))
      #expect(try render("{{{x}}}", json, style: .html) == text)
      #expect(try render("{{x}}", json, style: .header) == Self.header(text))
    }
  }

  static func html(_ text: String) -> String {
    text.replacingOccurrences(of: "&", with: "&amp;").replacingOccurrences(of: "<", with: "&lt;")
      .replacingOccurrences(of: ">", with: "&gt;").replacingOccurrences(of: "\"", with: "&quot;")
      .replacingOccurrences(of: "'", with: "&#39;")
  }

  static func header(_ text: String) -> String {
    var kept = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      switch scalar.value {
      case 0..<0x20, 0x7F..<0xA0, 0x2028, 0x2029: break
      default: kept.append(scalar)
      }
    }
    return String(kept)
  }
}
