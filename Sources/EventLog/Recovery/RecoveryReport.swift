/// What opening the store found.
package struct RecoveryReport: Sendable, Equatable {
  package enum Tail: Sendable, Equatable {
    /// The last frame was whole and nothing stood behind it.
    case clean
    /// A frame that was never acknowledged was cut by a crash: its bytes are in `quarantine`; still
    /// in the segment where there was no room for them.
    case torn(bytes: Int, quarantine: String)
  }

  /// Whether the last writer closed the store.
  package internal(set) var wasClosed = false
  package internal(set) var tail = Tail.clean
  package internal(set) var segments = 0
  /// Records read in order: those of the segments that are not indexed.
  package internal(set) var records = 0
  /// Records before those that were read back one by one for the owner.
  package internal(set) var openRecords = 0
  package internal(set) var bytes: Int64 = 0
  /// Whether the active segment was read around the page cache. Where the file system cannot, the
  /// cache was dropped first, which is weaker: dirty pages after a failed sync may remain.
  package internal(set) var readDirectly = true
  package internal(set) var nanoseconds: UInt64 = 0
  /// The writer's epoch from now on.
  package internal(set) var epoch: UInt64 = 0
  /// The store's id, lowercase hexadecimal.
  package internal(set) var storeID = ""
  /// Which history of the store this is.
  package internal(set) var lineage: UInt64 = 0
  /// What the last whole pass of the scrub found. Nothing of it was looked at by the opening.
  package internal(set) var knownDamage: [StoreFinding] = []
  /// Of a store that was made now, by the room there was; nil for one that was there.
  package internal(set) var room: StoreRoom?
}
