package import LogSequence

/// Keyed SipHash-2-4-128 of an event id; the key is drawn once per store and kept in STORE.
package struct EventHash: Hashable, Sendable {
  package var high: UInt64
  package var low: UInt64

  package init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }
}

package struct RecordFlags: OptionSet, Hashable, Sendable {
  package let rawValue: UInt8

  package init(rawValue: UInt8) { self.rawValue = rawValue }

  /// A transition of an event: indexed by its id, chained by `previousLSN`.
  package static let event = RecordFlags(rawValue: 1)
  /// The event's last transition.
  package static let final = RecordFlags(rawValue: 2)
  /// To be published as a status update.
  package static let publish = RecordFlags(rawValue: 4)
  /// Carried forward: the record holds all that is needed of the event, so that retention may
  /// remove those before it.
  package static let base = RecordFlags(rawValue: 8)
  /// The owner has to move the event on by itself, now or when its time comes.
  package static let driven = RecordFlags(rawValue: 16)
  /// Found by its id as an event's records are, and of no event's history: a copy for the parked
  /// queue, or a cancel that came before its event.
  package static let aside = RecordFlags(rawValue: 32)

  /// In the place of a record that was lost: salvage put it there, and no owner or reader is shown
  /// it.
  static let lost = RecordFlags(rawValue: 64)

  /// Whether the record is one of an event's history.
  package var isOfEvent: Bool { contains(.event) && !contains(.aside) }
}

/// What the log knows of a record. `kind` and the statuses are the caller's own numbers.
package struct RecordHeader: Hashable, Sendable {
  /// Log sequence number: 1, 2, 3 ... for the life of the store, without gaps.
  package var lsn: LSN
  package var kind: UInt8
  package var status: UInt8
  package var previousStatus: UInt8
  package var flags: RecordFlags
  package var attempt: UInt16
  /// Unix time in nanoseconds; informative, order is the LSN's.
  package var time: Int64
  /// `EventLog.hash(of:)` of the id; any value when `flags` lacks `.event`.
  package var hash: EventHash
  /// LSN of the newest earlier record of the same event, 0 when this is its first.
  package var previousLSN: LSN

  @inline(__always)
  package init(
    lsn: LSN, kind: UInt8 = 1, status: UInt8 = 0, previousStatus: UInt8 = 0,
    flags: RecordFlags = .event, attempt: UInt16 = 0, time: Int64 = 0,
    hash: EventHash = EventHash(high: 0, low: 0), previousLSN: LSN = 0
  ) {
    self.lsn = lsn
    self.kind = kind
    self.status = status
    self.previousStatus = previousStatus
    self.flags = flags
    self.attempt = attempt
    self.time = time
    self.hash = hash
    self.previousLSN = previousLSN
  }
}

/// A record in place: the views are valid inside the call that hands them out, and at least
/// `Limits.spareBytes` readable bytes follow `payload`.
package struct RecordView {
  package let header: RecordHeader
  package let id: UnsafeRawBufferPointer
  package let payload: UnsafeRawBufferPointer

  package init(
    header: RecordHeader, id: UnsafeRawBufferPointer, payload: UnsafeRawBufferPointer
  ) {
    self.header = header
    self.id = id
    self.payload = payload
  }
}
