internal import Glibc

extension JSONValue {
  /// The first member of that name; nil when there is none or this is not an object.
  /// Takes time in proportion to the members before it.
  package subscript(_ name: StaticString) -> JSONValue? {
    member(name.bytes)
  }

  /// The first member of that name; nil when there is none or this is not an object.
  package func member(_ name: UnsafeRawBufferPointer) -> JSONValue? {
    guard tag == JSONDocument.Tag.object else { return nil }
    let document = document.pointee
    let end = document.next(after: index) &- 1
    var position = index &+ 1
    while position < end {
      let candidate = document.string(at: position)
      if candidate.count == name.count, equal(candidate, name) {
        return JSONValue(document: self.document, index: position &+ 1)
      }
      position = document.next(after: position &+ 1)
    }
    return nil
  }

  /// The members in the order of the document, duplicates too; empty when this is not an object.
  package var members: JSONMembers { JSONMembers(of: self) }

  /// The elements in order; empty when this is not an array.
  package var elements: JSONElements { JSONElements(of: self) }

  /// Members of an object or elements of an array; 0 for other kinds.
  package var count: Int {
    guard tag == JSONDocument.Tag.object || tag == JSONDocument.Tag.array else { return 0 }
    // 24 bits of the opening word; simdjson lets the count stop there.
    let count = Int(truncatingIfNeeded: (document.pointee.tape[index] >> 32) & 0xFF_FFFF)
    if count < 0xFF_FFFF { return count }
    var walked = 0
    if tag == JSONDocument.Tag.array {
      for _ in elements { walked += 1 }
    } else {
      for _ in members { walked += 1 }
    }
    return walked
  }
}

/// The members of an object, in the order of the document. A view.
package struct JSONMembers: Sequence, IteratorProtocol {
  private let document: UnsafePointer<JSONDocument>
  private var position: Int
  private let end: Int

  init(of value: JSONValue) {
    document = value.document
    guard value.tag == JSONDocument.Tag.object else {
      (position, end) = (0, 0)
      return
    }
    position = value.index + 1
    end = document.pointee.next(after: value.index) - 1
  }

  /// The next member's name and value.
  package mutating func next() -> (name: JSONString, value: JSONValue)? {
    guard position < end else { return nil }
    let name = JSONString(bytes: document.pointee.string(at: position))
    let value = JSONValue(document: document, index: position &+ 1)
    position = document.pointee.next(after: position &+ 1)
    return (name, value)
  }
}

/// The elements of an array, in order. A view.
package struct JSONElements: Sequence, IteratorProtocol {
  private let document: UnsafePointer<JSONDocument>
  private var position: Int
  private let end: Int

  init(of value: JSONValue) {
    document = value.document
    guard value.tag == JSONDocument.Tag.array else {
      (position, end) = (0, 0)
      return
    }
    position = value.index + 1
    end = document.pointee.next(after: value.index) - 1
  }

  /// The next element.
  package mutating func next() -> JSONValue? {
    guard position < end else { return nil }
    let value = JSONValue(document: document, index: position)
    position = document.pointee.next(after: position)
    return value
  }
}
