import JSON
import Testing

@Suite struct ByteWriterTests {
  @Test("Strings are escaped as RFC 8259 demands and no more", arguments: [
    ("", "\"\""), ("plain text of some length", "\"plain text of some length\""),
    ("\"\\/", "\"\\\"\\\\/\""), ("\u{8}\t\n\u{C}\r", "\"\\b\\t\\n\\f\\r\""),
    ("\u{0}\u{1F}\u{7F}", "\"\\u0000\\u001f\u{7F}\""), ("åäö 😀 \u{2028}", "\"åäö 😀 \u{2028}\""),
    ("1234567\"", "\"1234567\\\"\""), ("12345678\n", "\"12345678\\n\""),
  ])
  func escapes(_ plain: String, _ expected: String) {
    #expect(written { $0.writeJSONString(plain) } == expected)
  }

  @Test("Bytes that are not UTF-8 become U+FFFD", arguments: [
    ([0x61, 0xFF, 0x62], "\"a\u{FFFD}b\""), ([0xC3], "\"\u{FFFD}\""),
    ([0xED, 0xA0, 0x80, 0x21], "\"\u{FFFD}\u{FFFD}\u{FFFD}!\""),
  ] as [([UInt8], String)])
  func invalidBytes(_ bytes: [UInt8], _ expected: String) {
    #expect(written { writer in bytes.withUnsafeBytes { writer.writeJSONString($0) } } == expected)
  }

  @Test("Numbers are written in decimal", arguments: [
    0, 7, 10, 99, -1, 1_234_567_890, Int.max, Int.min,
  ])
  func decimals(_ number: Int) {
    #expect(written { $0.write(decimal: number) } == String(number))
    #expect(written { $0.write(decimal: UInt64(number.magnitude)) } == String(number.magnitude))
    #expect(written { $0.write(decimal: 42, digits: 4) } == "0042")
  }

  @Test("A writer grows, is truncated, emptied and copied with spare bytes")
  func growth() {
    var writer = ByteWriter(capacity: 0)
    for _ in 0..<1000 { writer.write("0123456789") }
    #expect(writer.count == 10_000)
    writer.truncate(to: 12)
    writer.write(byte: 0x21)
    #expect(writer.withBytes { text($0) } == "01234567890" + "1!")
    #expect(Array(writer.array(spare: 3).suffix(4)) == [0x21, 0, 0, 0])
    writer.removeAll()
    #expect(writer.count == 0 && writer.array().isEmpty)
  }
}
