internal import Glibc

/// A string of a document: its decoded bytes (UTF-8). A view, valid as long as the document's.
package struct JSONString: Equatable {
  /// The decoded bytes: no quotes, no escapes. They may hold any character, NUL too.
  package let bytes: UnsafeRawBufferPointer

  /// - Parameter bytes: UTF-8, valid as long as the view is used.
  package init(bytes: UnsafeRawBufferPointer) {
    self.bytes = bytes
  }

  /// Bytes, not characters.
  package var count: Int { bytes.count }
  /// True of `""`.
  package var isEmpty: Bool { bytes.count == 0 }
  /// A copy as a Swift string. Allocates.
  package var string: String { String(decoding: bytes, as: UTF8.self) }

  /// The longest beginning of at most `limit` bytes that cuts no character in two.
  package func prefix(_ limit: Int) -> JSONString {
    guard count > limit else { return self }
    var end = max(0, limit)
    // 10xxxxxx goes on with the character before.
    while end > 0, bytes[end] & 0xC0 == 0x80 { end -= 1 }
    return JSONString(bytes: UnsafeRawBufferPointer(rebasing: bytes[..<end]))
  }

  /// The same bytes.
  package static func == (left: JSONString, right: JSONString) -> Bool {
    equal(left.bytes, right.bytes)
  }

  /// The same bytes.
  package static func == (left: JSONString, right: StaticString) -> Bool {
    equal(left.bytes, right.bytes)
  }

  /// The same bytes.
  package static func != (left: JSONString, right: StaticString) -> Bool {
    !(left == right)
  }
}

extension JSONString? {
  /// There is a string and it has the same bytes.
  package static func == (left: JSONString?, right: StaticString) -> Bool {
    guard let left else { return false }
    return equal(left.bytes, right.bytes)
  }
}

/// The same bytes in both.
@inline(__always)
func equal(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
  guard left.count == right.count else { return false }
  guard let one = left.baseAddress, let other = right.baseAddress else { return true }
  return memcmp(one, other, left.count) == 0
}

/// Byte order, then length: for sorting names.
func precedes(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
  left.lexicographicallyPrecedes(right)
}

extension StaticString {
  /// The literal's bytes; valid for ever.
  @inline(__always)
  var bytes: UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: utf8Start, count: utf8CodeUnitCount)
  }
}
