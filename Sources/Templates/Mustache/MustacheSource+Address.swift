extension MustacheSource {
  var hasTags: Bool { Self.hasTags(bytes[...]) }

  mutating func dropLineBreaksAtEnd() {
    while let last = bytes.last, last == UInt8(ascii: "\n") || last == UInt8(ascii: "\r") {
      bytes.removeLast()
    }
  }

  /// An address with a display name that is made from data, cut into the name, without quotes
  /// around it, and `<address>`; nil when it is anything else, or no section ends in its own part.
  var displayName: (name: MustacheSource, address: MustacheSource)? {
    guard let open = lastAngle else { return nil }
    var name = bytes[..<open].drop { MustacheScanner.isSpace($0) }
    while let last = name.last, MustacheScanner.isSpace(last) { name.removeLast() }
    if name.count > 1, name.first == UInt8(ascii: "\""), name.last == UInt8(ascii: "\"") {
      name = name.dropFirst().dropLast()
    }
    guard Self.hasTags(name), Self.isBalanced(name) else { return nil }
    var parts = (name: self, address: self)
    parts.name.bytes = Array(name)
    parts.address.bytes = Array(bytes[open...])
    return parts
  }

  /// Where the last `<` outside of tags is.
  private var lastAngle: Int? {
    var angle: Int?
    var isInTag = false
    for index in bytes.indices {
      if Self.hasTags(bytes[index...].prefix(2)) { isInTag = true }
      if bytes[index...].prefix(2).elementsEqual("}}".utf8) { isInTag = false }
      if !isInTag, bytes[index] == UInt8(ascii: "<") { angle = index }
    }
    return angle
  }

  /// Whether as many sections end as begin.
  private static func isBalanced(_ text: ArraySlice<UInt8>) -> Bool {
    var open = 0
    for index in text.indices {
      let tag = text[index...].prefix(3)
      guard hasTags(tag.prefix(2)), let sigil = tag.dropFirst(2).first else { continue }
      if sigil == UInt8(ascii: "#") || sigil == UInt8(ascii: "^") { open += 1 }
      if sigil == UInt8(ascii: "/") { open -= 1 }
      if sigil == UInt8(ascii: "=") { return false }
    }
    return open == 0
  }

  private static func hasTags(_ text: ArraySlice<UInt8>) -> Bool {
    text.indices.contains { text[$0...].prefix(2).elementsEqual("{{".utf8) }
  }
}
