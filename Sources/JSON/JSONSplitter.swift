/// Where the single documents of a body stand that carries several of them: an array, an object
/// `{"events": [...]}`, or lines (NDJSON). Yields byte ranges of the body, in order.
package struct JSONSplitter: Sequence, IteratorProtocol {
  private enum Layout {
    case elements(JSONElements)
    case lines(UnsafeRawBufferPointer, position: Int)
  }

  private var layout: Layout

  /// The elements of an array or of an object's array `events`; nil when `root` is one document.
  /// An object that names itself (`id` or `type`) is one document, whatever else it holds.
  package init?(batch root: JSONValue) {
    guard let elements = Self.elements(of: root) else { return nil }
    layout = .elements(elements)
  }

  /// The lines of an NDJSON body that are not blank, without their line ends (LF or CR LF). The
  /// lines are not looked into: a bad one hurts no other. Nothing is copied.
  package init(lines bytes: UnsafeRawBufferPointer) {
    layout = .lines(bytes, position: 0)
  }

  /// The same elements as values, for the time that `root` is valid.
  package static func elements(of root: JSONValue) -> JSONElements? {
    switch root.kind {
    case .array: return root.elements
    case .object:
      guard let events = root["events"], events.kind == .array, root["id"] == nil,
        root["type"] == nil
      else { return nil }
      return events.elements
    default: return nil
    }
  }

  /// The next document's place in the body.
  package mutating func next() -> Range<Int>? {
    switch layout {
    case .elements(var elements):
      let element = elements.next()
      layout = .elements(elements)
      return element?.range
    case .lines(let bytes, var position):
      let line = Self.nextLine(of: bytes, from: &position)
      layout = .lines(bytes, position: position)
      return line
    }
  }

  private static func nextLine(
    of bytes: UnsafeRawBufferPointer, from position: inout Int
  ) -> Range<Int>? {
    while position < bytes.count {
      let start = position
      let end = bytes[start...].firstIndex(of: 0x0A) ?? bytes.count
      position = end + 1
      // White space around the value is no part of it, a CR before the LF above all.
      func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0D }
      guard let first = bytes[start..<end].firstIndex(where: { !isBlank($0) }),
        let last = bytes[start..<end].lastIndex(where: { !isBlank($0) })
      else { continue }
      return first..<last + 1
    }
    return nil
  }
}
