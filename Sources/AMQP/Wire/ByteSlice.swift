/// A range of bytes inside the storage of one message.
package struct ByteSlice: Sendable, Equatable {
  /// Where it starts in the storage.
  package var offset: UInt32
  /// How many bytes it has.
  package var count: UInt32

  /// Makes a slice.
  package init(offset: UInt32, count: UInt32) {
    self.offset = offset
    self.count = count
  }

  /// The slice of a property that the message does not have. No property starts at 0, because the
  /// body and its padding stand first.
  package static let absent = ByteSlice(offset: 0, count: 0)

  /// Whether the message has this property (it may still be empty).
  package var isPresent: Bool { offset != 0 }
}
