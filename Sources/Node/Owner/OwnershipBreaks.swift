/// Deliberate defects of `Ownership`, for tests only: each breaks one rule about whose the queues
/// are and no other, and a test of that rule turns red. Outside debug builds there are none.
struct OwnershipBreaks: OptionSet, Sendable {
  let rawValue: Int

  /// The lease counts as ours, whoever has it.
  static let takesLeaseForGranted = OwnershipBreaks(rawValue: 1)
  /// Any store may have the queues, whatever the record says.
  static let ignoresRecord = OwnershipBreaks(rawValue: 2)
  /// Messages are taken before our record is in the broker.
  static let goesOnUnrecorded = OwnershipBreaks(rawValue: 4)
  /// The lease went with its connection, and all goes on.
  static let goesOnWithoutLease = OwnershipBreaks(rawValue: 8)
  /// Older records stay beside the new one.
  static let keepsOldRecords = OwnershipBreaks(rawValue: 16)
  /// The record of another owner, behind our own, is taken for an older one.
  static let overlooksSuccessor = OwnershipBreaks(rawValue: 32)
  /// At a clean end the lease goes before the last record is there.
  static let leavesUnrecorded = OwnershipBreaks(rawValue: 64)

  @inline(__always)
  func has(_ defect: OwnershipBreaks) -> Bool {
    #if DEBUG
      contains(defect)
    #else
      false
    #endif
  }
}
