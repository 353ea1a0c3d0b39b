import LogSequence

/// What a publisher confirm is about. The shell keeps it beside the delivery tag and gives it
/// back with the confirm, the nack or the loss.
package struct PublishToken: Hashable, Sendable {
  enum Kind: UInt64 {
    /// A delivery of the event in a slot.
    case delivery = 0
    /// A copy of a message for the parked queue, in a slot.
    case parking = 1
    /// A status update, by the LSN of its record.
    case status = 2
    /// A receipt in a slot.
    case receipt = 3
  }

  package let rawValue: UInt64

  package init(rawValue: UInt64) {
    self.rawValue = rawValue
  }

  /// `serial`: 30 bits that tell this publish from an earlier one of the same slot.
  init<Element>(_ kind: Kind, slot: SlotTable<Element>.Slot, serial: UInt32) {
    assert(!slot.isNone, "a slot has a number")
    assert(kind != .status, "a status update has an LSN")
    rawValue =
      kind.rawValue << 62 | UInt64(serial & Self.serialMask) << 32 | UInt64(UInt32(slot.rawValue))
  }

  init(status lsn: LSN) {
    precondition(lsn.rawValue >> 62 == 0, "an LSN has at most 62 bits")
    rawValue = Kind.status.rawValue << 62 | lsn.rawValue
  }

  static let serialMask: UInt32 = (1 << 30) - 1

  /// Nil for no value: there are four kinds, and two bits.
  var kind: Kind? { Kind(rawValue: rawValue >> 62) }
  /// The slot's number: whose table it is of, the kind says.
  var slot: Int32 { Int32(truncatingIfNeeded: rawValue & 0xFFFF_FFFF) }
  /// Of a delivery.
  var event: EventSlot { EventSlot(slot) }
  var serial: UInt32 { UInt32(truncatingIfNeeded: rawValue >> 32) & Self.serialMask }
  var lsn: LSN { LSN(rawValue & ((1 << 62) - 1)) }
}
