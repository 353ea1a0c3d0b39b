import Testing

@testable import JSON

@Suite("Lines and columns of many places in one document")
struct LineIndexTests {
  private static func document(_ lines: Int) -> [UInt8] {
    // Short lines, long ones and empty ones.
    (0..<lines).flatMap { number in
      [UInt8](repeating: 0x61, count: number % 7 == 0 ? 900 : number % 13) + [0x0A]
    }
  }

  @Test func `Each place is told as by counting from the beginning, in any order`() {
    let bytes = Self.document(400)
    bytes.withUnsafeBytes { bytes in
      var lines = LineIndex()
      var offset = 0
      for step in 0..<4_000 {
        offset = (offset + 7_919 * (step % 5 + 1)) % (bytes.count + 3)
        let place = lines.place(of: offset, in: bytes)
        let counted = JSONError.lineAndColumn(of: offset, in: bytes)
        #expect(place == counted, "byte \(offset)")
      }
    }
  }

  @Test(arguments: [1, 2, 4])
  func `The place of each line costs a bounded number of looks`(times: Int) {
    let count = 10_000 * times
    let bytes = [UInt8]((0..<count).flatMap { _ in Array("nope\n".utf8) })
    bytes.withUnsafeBytes { bytes in
      var lines = LineIndex()
      for line in 0..<count {
        #expect(lines.place(of: line * 5 + 2, in: bytes) == (line + 1, 3))
      }
      // One look at each byte, and at most one stretch between two marks for each question.
      #expect(lines.bytesCounted <= bytes.count + count * 256)
    }
  }
}
