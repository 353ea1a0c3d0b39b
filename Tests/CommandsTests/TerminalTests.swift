import Testing

@testable import Commands

@Suite("What a person sees on a terminal")
struct TerminalTests {
  @Test func `Columns are as wide as their widest cell; the last one has no blanks behind it`() {
    var table = TextTable(["EVENT", "WHY"])
    #expect(table.isEmpty)
    table.add(["a-long-id", "x"])
    table.add(["b", "because"])
    #expect(table.text == "EVENT      WHY\na-long-id  x\nb          because")
    #expect(table.count == 2)
  }

  @Test
  func `Rows that are taken are forgotten, the header comes once, and columns never shrink`() {
    var table = TextTable(["A", "B"])
    table.add(["1234", "x"])
    #expect(table.takeText() == "A     B\n1234  x")
    table.add(["1", "y"])
    #expect(table.takeText() == "1     y")
    table.add(["123456", "z"])
    #expect(table.takeText() == "123456  z")
    #expect(table.isEmpty)
  }

  @Test func `A cell stays on its line, whatever a stranger has put into it`() {
    var table = TextTable(["ID", "TEXT"])
    table.add(["a\nb", "\u{1B}[2J\u{202E}x"])
    #expect(table.text == "ID       TEXT\na\\u{a}b  \\u{1b}[2J\\u{202e}x")
  }

  @Test(arguments: [
    ("plain åäö 漢字 👍", "plain åäö 漢字 👍"), ("a\u{0}b", "a\\u{0}b"), ("\u{7F}", "\\u{7f}"),
    ("\u{9B}31m", "\\u{9b}31m"), ("a\u{2028}b\u{2029}", "a\\u{2028}b\\u{2029}"),
    ("\u{202A}\u{202E}", "\\u{202a}\\u{202e}"), ("\u{2066}\u{2069}", "\\u{2066}\\u{2069}"),
    ("\u{2065}", "\u{2065}"), ("", ""),
  ])
  func `Controls, separators and what turns the writing round are written out`(
    text: String, shown: String
  ) {
    #expect(text.printable == shown)
  }

  @Test func `Line ends and tabs are kept where they are wanted`() {
    #expect("a\n\tb\r".printable(keeping: "\n\t") == "a\n\tb\\u{d}")
    #expect("a\n\tb".printable == "a\\u{a}\\u{9}b")
  }

  @Test func `A line of JSON has its members in the order in which they were added`() {
    var object = JSONObjectText()
    #expect(object.text == "{}")
    object.add("id", "a\"\\\n\u{1}å")
    object.add("none", nil as String?)
    object.add("count", 7)
    object.add("unknown", nil as Int?)
    object.add("is", false)
    object.add("list", json: "[1]")
    #expect(
      object.text
        == #"{"id":"a\"\\\n\u0001å","none":null,"count":7,"unknown":null,"is":false,"list":[1]}"#)
  }
}
