import JSON

/// An element of an XML document as JSON shows it: attributes and child elements are members,
/// what occurs more than once under one name is an array, an element with nothing but text is a
/// string. Text beside attributes or elements is the member `text`.
struct XMLTree {
  /// A value under one name: text, an element, or several of both.
  enum Value {
    case text([UInt8])
    case tree(XMLTree)
    case list([Value])
  }

  /// In the order in which the names occur first.
  private(set) var members: [(name: [UInt8], value: Value)] = []
  /// Where each name stands in `members`, once they are many: only looked up, never walked over.
  private var places: [[UInt8]: Int] = [:]
  /// Up to so many names are looked at one by one.
  private static let few = 16
  /// The text between the tags, all of it in one.
  private(set) var text: [UInt8] = []

  /// Adds a member, or one more value to a name that is there.
  mutating func add(_ name: [UInt8], _ value: Value) {
    guard let place = place(of: name) else {
      members.append((name, value))
      if members.count == Self.few + 1 {
        for (place, member) in members.enumerated() { places[member.name] = place }
      } else if members.count > Self.few {
        places[name] = members.count - 1
      }
      return
    }
    let known = members[place].value
    // Emptied first, so that a long list grows in place.
    members[place].value = .list([])
    if case .list(var values) = known {
      values.append(value)
      members[place].value = .list(values)
    } else {
      members[place].value = .list([known, value])
    }
  }

  private func place(of name: [UInt8]) -> Int? {
    members.count > Self.few ? places[name] : members.firstIndex { $0.name == name }
  }

  mutating func add(text bytes: UnsafeRawBufferPointer) {
    text.append(contentsOf: bytes)
  }

  /// Whether there is something under a name, and no empty text.
  func has(_ name: StaticString) -> Bool {
    let name = Array(UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
    guard let place = place(of: name) else { return false }
    if case .text(let text) = members[place].value { return !text.isEmpty }
    return true
  }

  /// What stands for this element in the one around it.
  var value: Value {
    let text = trimmedText
    if members.isEmpty { return .text(Array(text)) }
    var whole = self
    if !text.isEmpty { whole.add(Array("text".utf8), .text(Array(text))) }
    return .tree(whole)
  }

  /// Without the white space that only lays the document out.
  private var trimmedText: ArraySlice<UInt8> {
    func isWhiteSpace(_ byte: UInt8) -> Bool {
      byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D
    }
    var rest = text[...].drop(while: isWhiteSpace)
    while let last = rest.last, isWhiteSpace(last) { rest.removeLast() }
    return rest
  }
}

extension XMLTree.Value {
  /// Recursive to the depth that the reader bounds.
  func write(to writer: inout ByteWriter) {
    switch self {
    case .text(let text): text.withUnsafeBytes { writer.writeJSONString($0) }
    case .tree(let tree): tree.write(to: &writer)
    case .list(let values):
      writer.write("[")
      for (index, value) in values.enumerated() {
        if index > 0 { writer.write(",") }
        value.write(to: &writer)
      }
      writer.write("]")
    }
  }
}

extension XMLTree {
  fileprivate func write(to writer: inout ByteWriter) {
    writer.write("{")
    for (index, member) in members.enumerated() {
      if index > 0 { writer.write(",") }
      member.name.withUnsafeBytes { writer.writeJSONString($0) }
      writer.write(":")
      member.value.write(to: &writer)
    }
    writer.write("}")
  }
}
