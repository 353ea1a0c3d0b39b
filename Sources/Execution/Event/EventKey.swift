package import LogSequence

/// The 128-bit keyed hash of an event id: what an event is found by in memory.
///
/// The hash is keyed per store, so nobody outside can choose ids that collide; at 128 bits two
/// ids that collide by chance are not expected in the life of a store, and every record that is
/// read back is compared with the id itself all the same.
package struct EventKey: Hashable, Sendable {
  package let high: UInt64
  package let low: UInt64

  package init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  /// The low half is already a uniformly distributed, keyed hash.
  package func hash(into hasher: inout Hasher) {
    hasher.combine(low)
  }

  /// What dictionaries call: without it they would hash the hash again, several times an event.
  package func _rawHashValue(seed: Int) -> Int {
    Int(truncatingIfNeeded: low) ^ seed
  }
}

/// What the engine asks the event log synchronously: pure look-ups in memory.
package protocol EventLookup: AnyObject {
  /// The keyed hash of an event id.
  func key(of id: UnsafeRawBufferPointer) -> EventKey
  /// False only if no record of this event exists. True may be a collision of fingerprints: a
  /// read, which compares ids, has the last word.
  func mayContain(_ key: EventKey) -> Bool
  /// Whether the record with this LSN, which belongs to the event, is still its newest.
  func isNewest(_ lsn: LSN, of key: EventKey) -> Bool
}
