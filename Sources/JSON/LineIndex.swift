/// Lines and columns of places in one document, asked for in any order and as often as one likes:
/// each byte is counted once, and an answer costs a few hundred bytes at most, however long the
/// document is.
package struct LineIndex: Sendable {
  /// The line that a place is in, and where that begins.
  private struct Mark {
    var line: UInt32
    var start: UInt32
  }

  /// Bytes between two marks. A mark has eight, so the index has a 32nd of the document's bytes.
  private static let stride = 256

  private var marks = [Mark(line: 1, start: 0)]
  /// Bytes looked at so far: what the answers have cost.
  package private(set) var bytesCounted = 0

  package init() {}

  /// Both from 1; the column counts bytes.
  ///
  /// - Parameters:
  ///   - offset: bytes before the place.
  ///   - bytes: the document, the same in every call.
  package mutating func place(
    of offset: Int, in bytes: UnsafeRawBufferPointer
  ) -> (line: Int, column: Int) {
    let end = min(offset, bytes.count)
    let block = end / Self.stride
    while marks.count <= block {
      let start = (marks.count - 1) * Self.stride
      marks.append(count(start..<start + Self.stride, of: bytes, from: marks[marks.count - 1]))
    }
    let mark = count(block * Self.stride..<end, of: bytes, from: marks[block])
    return (Int(mark.line), offset - Int(mark.start) + 1)
  }

  private mutating func count(
    _ range: Range<Int>, of bytes: UnsafeRawBufferPointer, from mark: Mark
  ) -> Mark {
    bytesCounted += range.count
    var result = mark
    for index in range where bytes[index] == 0x0A {
      result.line += 1
      result.start = UInt32(index + 1)
    }
    return result
  }
}
