internal import LogSequence

/// What one look at the events of the oldest segments finds: from which record on they must stay,
/// and what is to be carried so that more may go. Memory is bounded, however many events there are.
struct RetentionPass {
  /// The first record that has to stay.
  private(set) var heldLSN = LSN.max
  /// The newest records of young final events that hold the oldest segment.
  private(set) var youngLSN: LSN = 0
  let finals: BlockedFilter
  private let reach: RetentionReach
  private let origin: LSN
  /// Last LSN of the oldest segment.
  private let firstEnd: LSN
  /// Whether an open event whose base went with a damaged segment holds nothing.
  private let givesUp: Bool
  private var open: [Holder] = []
  private var young: [Holder] = []

  /// What an event holds.
  struct Holder {
    /// The oldest record that it needs.
    let need: LSN
    let lsn: LSN
    let hash: EventHash
  }

  /// `entries`: at least about as many as will be looked at.
  init(
    _ reach: RetentionReach, origin: LSN, firstEnd: LSN, givesUp: Bool, entries: Int
  ) {
    assert(origin <= reach.endLSN, "what is gone is not looked at")
    self.givesUp = givesUp
    self.reach = reach
    self.origin = origin
    self.firstEnd = firstEnd
    finals = BlockedFilter(blocks: BlockedFilter.blocks(keys: min(entries, Self.filterKeys)))
  }

  private static let filterKeys = 2 << 20

  /// Whether an event needs to be looked at, by what the tables of the oldest segments say: else it
  /// needs no record of them, whatever newer tables say.
  func concerns(_ entry: TableEntry) -> Bool {
    entry.value.lsn > origin && entry.base <= reach.endLSN
  }

  /// `known`: what all tables say of the event.
  mutating func take(_ known: TableEntry, treatsOpenAsFinal: Bool = false) {
    if known.isOpen, !treatsOpenAsFinal {
      // Without its base it was final once, and should not be open: what is left of it stays.
      let need = known.base > origin ? known.base : known.value.lsn
      guard need <= reach.endLSN, known.base > origin || !givesUp else { return }
      hold(need)
      Self.add(Holder(need: need, lsn: known.value.lsn, hash: known.hash), to: &open)
      return
    }
    guard known.base > origin, known.base <= reach.endLSN else { return }
    // Of a record aside that is final nobody asks for those before it.
    guard
      known.value.lsn > reach.oldLSN, known.base > reach.spentLSN,
      !known.value.flags.contains(.aside)
    else { return finals.insert(known.hash) }
    hold(known.base)
    if known.base <= firstEnd { youngLSN = max(youngLSN, known.value.lsn) }
    guard known.base <= reach.askedLSN else { return }
    Self.add(Holder(need: known.base, lsn: known.value.lsn, hash: known.hash), to: &young)
  }

  mutating func hold(_ lsn: LSN) {
    assert(lsn > 0, "LSNs begin with 1")
    heldLSN = min(heldLSN, lsn)
  }

  /// Those that hold the oldest records, the open ones first.
  func holders() -> (open: [Holder], young: [Holder]) {
    (Self.oldest(open), Self.oldest(young))
  }

  private static func add(_ holder: Holder, to holders: inout [Holder]) {
    if holders.count >= 2 * Limits.carriesAtMost { holders = oldest(holders) }
    holders.append(holder)
  }

  private static func oldest(_ holders: [Holder]) -> [Holder] {
    Array(holders.sorted { $0.need < $1.need }.prefix(Limits.carriesAtMost))
  }
}
