package import LogSequence

/// What a salvage copied, and exactly what is lost.
package struct SalvageReport: Sendable, Equatable {
  /// What could not be read, in the order of the log.
  package internal(set) var lost: [StoreFinding] = []
  package internal(set) var lostRecords: UInt64 = 0
  /// Bytes of the files in which the lost records stood.
  package internal(set) var lostBytes: Int64 = 0
  /// Events that are known to have lost a record: a later one names it, or a table does.
  package internal(set) var damagedEvents = 0
  /// Of those, events that were under way and have lost what they need to go on: they are final
  /// now.
  package internal(set) var endedEvents: [[UInt8]] = []
  /// Records copied.
  package internal(set) var records: UInt64 = 0
  /// The last record of the new store.
  package internal(set) var lastLSN: LSN = 0
  package internal(set) var segments = 0
  /// The manifest was damaged: the segments were found by their own headers.
  package internal(set) var hasLostManifest = false
  /// Of the new store.
  package internal(set) var lineage: UInt64 = 0
}
