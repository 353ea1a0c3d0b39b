internal import LogSequence

/// Which final events were taken up again by records that tables do not know: what those hold
/// for final is open. Owner's thread only.
///
/// Remembered for many tables longer than needed: what was decided by older tables, at a look that
/// took long, can still be checked.
struct ReopenedEvents {
  /// In LSN order.
  private var list: [(lsn: LSN, hash: EventHash)] = []
  /// What tables covered lately; what lies behind the first of these is remembered.
  private var steps: [LSN] = []

  /// So many tables may be made while the keeper and the owner make up their minds.
  static let rememberedSteps = 256

  /// A record of an event that was final before. One that leaves it final changes nothing, and one
  /// that needs none before it none that may go.
  @inline(__always)
  mutating func note(_ value: IndexValue, of hash: EventHash) {
    if value.flags.contains(.final) || value.flags.contains(.base) { return }
    assert((list.last?.lsn ?? 0) < value.lsn, "records come in LSN order")
    list.append((value.lsn, hash))
  }

  /// Tables are known to cover the log up to `covered`.
  mutating func see(covered: LSN) {
    assert((steps.last ?? 0) <= covered, "tables cover more with time")
    if steps.last != covered { steps.append(covered) }
    if steps.count > Self.rememberedSteps { steps.removeFirst() }
    list.removeFirst(list.firstIndex { $0.lsn > steps[0] } ?? list.count)
  }

  /// Whether it is sure that none of these events, final by tables that covered `covered`, is open.
  func isUntouched(_ finals: BlockedFilter, covered: LSN) -> Bool {
    guard let known = steps.first, covered >= known else { return false }
    return !list.contains { $0.lsn > covered && finals.mayContain($0.hash) }
  }
}
