package import JSON

/// `<eventId>.<shard>.<attempt>`: names one delivery. Deterministic, so that a delivery that is
/// published twice can be told for one.
package struct DeliveryID {
  /// A view into the bytes that it was read from.
  package let eventID: UnsafeRawBufferPointer
  /// The shard that made the delivery.
  package let shard: ShardNumber
  /// From 1.
  package let attempt: UInt16

  /// Reads from the right, since an event's id may hold dots. Nil for anything else.
  package init?(_ bytes: UnsafeRawBufferPointer) {
    guard let last = bytes.lastIndex(of: UInt8(ascii: ".")), last > 3,
      bytes[last - 3] == UInt8(ascii: "."),
      let shard = ShardNumber(digits: UnsafeRawBufferPointer(rebasing: bytes[last - 2..<last])),
      let attempt = Self.attempt(bytes[(last + 1)...])
    else { return nil }
    eventID = UnsafeRawBufferPointer(rebasing: bytes[..<(last - 3)])
    guard isEventID(eventID) else { return nil }
    self.shard = shard
    self.attempt = attempt
  }

  /// Appends an id's text.
  package static func write(
    eventID: UnsafeRawBufferPointer, shard: ShardNumber, attempt: UInt16,
    to writer: inout ByteWriter
  ) {
    writer.write(eventID)
    writer.write(byte: UInt8(ascii: "."))
    shard.write(to: &writer)
    writer.write(byte: UInt8(ascii: "."))
    writer.write(decimal: Int(attempt))
  }

  private static func attempt(_ digits: Slice<UnsafeRawBufferPointer>) -> UInt16? {
    guard (1...5).contains(digits.count), digits.first != UInt8(ascii: "0") else { return nil }
    var value = 0
    for byte in digits {
      guard 0x30...0x39 ~= byte else { return nil }
      value = value * 10 + Int(byte - 0x30)
    }
    return UInt16(exactly: value)
  }
}

/// `<eventId>.<shard>.<sequence>`: the message id of a status update.
package enum StatusUpdateID {
  /// Appends an id's text. `sequence` counts from 1. A lineage above 0 stands at the end, so that a
  /// number which a restored store gives again is another message.
  package static func write(
    eventID: UnsafeRawBufferPointer, shard: ShardNumber, sequence: UInt32, lineage: UInt64 = 0,
    to writer: inout ByteWriter
  ) {
    writer.write(eventID)
    writer.write(byte: UInt8(ascii: "."))
    shard.write(to: &writer)
    writer.write(byte: UInt8(ascii: "."))
    writer.write(decimal: Int(sequence))
    guard lineage > 0 else { return }
    writer.write(byte: UInt8(ascii: "."))
    writer.write(decimal: lineage)
  }
}
