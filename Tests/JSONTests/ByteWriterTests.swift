import TestSupport
import Testing

@testable import JSON

@Suite("A byte writer writes what it is told")
struct ByteWriterTests {
  private func written(_ body: (inout ByteWriter) -> Void) -> String {
    var writer = ByteWriter(capacity: 0)
    body(&writer)
    return writer.withBytes { String(decoding: $0, as: UTF8.self) }
  }

  @Test(arguments: [
    ("", #""""#), ("plain", #""plain""#), ("\"", #""\"""#), ("\\", #""\\""#), ("/", #""/""#),
    ("\u{8}\t\n\u{C}\r", #""\b\t\n\f\r""#), ("\0\u{1}\u{1F}", #""\u0000\u0001\u001f""#),
    ("\u{7F}åäö😀\u{2028}", "\"\u{7F}åäö😀\u{2028}\""), ("<a&b>", #""<a&b>""#),
  ])
  func `Strings are escaped as RFC 8259 demands, and no further`(text: String, expected: String) {
    #expect(written { $0.writeJSONString(text) } == expected)
    for width in 0...17 {
      // The same at every place of an eight-byte word.
      let around = String(repeating: "x", count: width)
      let all = "\"" + around + expected.dropFirst().dropLast() + around + "\""
      #expect(written { $0.writeJSONString(around + text + around) } == all)
    }
  }

  @Test(
    arguments: [
      ([0xFF], "�"), ([0x61, 0xC3], "a�"), ([0xC3, 0x28], "�("), ([0xED, 0xA0, 0x80], "���"),
      ([0xC0, 0x80], "��"), ([0xF4, 0x90, 0x80, 0x80], "����"), ([0xF0, 0x9F, 0x98, 0x80], "😀"),
    ] as [([UInt8], String)])
  func `Bytes that are not UTF-8 become replacement characters`(bytes: [UInt8], expected: String) {
    let text = written { writer in bytes.withUnsafeBytes { writer.writeJSONString($0) } }
    #expect(text == "\"" + expected + "\"")
  }

  @Test func `What is written as a string is read back the same`() throws {
    let seed = printedSeed()
    var random = SeededRandom(seed)
    let alphabet: [Character] = ["\"", "\\", "\u{1}", "\n", "a", "å", "世", "😀", "\u{7F}", "/"]
    for _ in 0..<2_000 {
      let length = Int.random(in: 0...40, using: &random)
      let text = String((0..<length).map { _ in alphabet.randomElement(using: &random)! })
      try withDocument(written { $0.writeJSONString(text) }) { root in
        #expect(root.asString?.string == text, "MEDDELA_TEST_SEED=\(seed)")
        let again = root.asString.map { string in written { $0.writeJSONString(string) } }
        #expect(again == root.text)
      }
    }
  }

  @Test(arguments: [
    (0, "0"), (9, "9"), (10, "10"), (-1, "-1"), (1_000, "1000"), (Int.max, "9223372036854775807"),
    (Int.min, "-9223372036854775808"),
  ])
  func `Numbers are written in decimal digits`(number: Int, expected: String) {
    #expect(written { $0.write(decimal: number) } == expected)
  }

  @Test func `Unsigned numbers and fixed widths are written`() {
    #expect(written { $0.write(decimal: UInt64.max) } == "18446744073709551615")
    #expect(written { $0.write(decimal: UInt64(7), digits: 3) } == "007")
    #expect(written { $0.write(decimal: UInt64(1_234), digits: 2) } == "34")
    #expect(written { $0.write(decimal: UInt64.max, digits: 20) } == "18446744073709551615")
  }

  @Test(arguments: [0, 1, 63, 64, 65, 4096])
  func `It grows as it must and keeps everything`(capacity: Int) {
    var writer = ByteWriter(capacity: capacity)
    var expected: [UInt8] = []
    for number in 0..<3_000 {
      writer.write(byte: UInt8(truncatingIfNeeded: number))
      expected.append(UInt8(truncatingIfNeeded: number))
      if number % 500 == 0 {
        let chunk = [UInt8](repeating: 7, count: number * 3)
        writer.write(chunk)
        expected += chunk
      }
    }
    #expect(writer.count == expected.count)
    #expect(writer.array() == expected)
    #expect(writer.array(spare: 3) == expected + [0, 0, 0])
  }

  @Test func `It is emptied and taken back, and written to again`() {
    var writer = ByteWriter(capacity: 8)
    writer.write(string: "abcdef")
    writer.truncate(to: 2)
    writer.write("x")
    writer.write(UnsafeRawBufferPointer(start: nil, count: 0))
    #expect(writer.withBytes { String(decoding: $0, as: UTF8.self) } == "abx")
    writer.removeAll()
    #expect(writer.count == 0)
    #expect(writer.bytes.isEmpty)
    writer.write(string: "y")
    #expect(writer.array() == [0x79])
  }

  @Test func `Taking back more than was written is a programmer's error`() async {
    await #expect(processExitsWith: .failure) {
      var writer = ByteWriter(capacity: 8)
      writer.truncate(to: 1)
    }
  }
}
