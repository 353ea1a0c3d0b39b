internal import LogSequence

/// When retention looks at the oldest segments, and how it asks the owner to carry. A look reads
/// tables from end to end: it is made when much may go, or when it is time. Used on one thread.
struct RetentionSchedule {
  /// When the next look is due, monotonic nanoseconds.
  private(set) var lookAt: UInt64 = 0
  /// When the owner is asked next; all ones while there is nothing to ask for.
  private(set) var askAt = UInt64.max
  private let pause: UInt64
  private let patience: UInt64
  /// A look that took long is not followed by another at once.
  private var quietUntil: UInt64 = 0
  private var lookedAt: UInt64?
  /// The segment that a young final event holds, until this record is old.
  private var held: (segment: UInt64, until: LSN)?
  private var asked: [CarryRequest] = []
  private var nextAsked = 0
  /// The oldest record that is held by the last one that was asked for.
  private var askedThrough: LSN = 0
  /// What the tables covered when this was asked.
  private var askedCovered: LSN = 0

  /// A look that reads more than four times the bytes of what may go waits until it does not, or
  /// for a sixteenth of the retention time.
  private static let readForRemoved: Int64 = 4
  private static let lateness: Int64 = 16
  /// From one part of what is asked for to the next.
  private static let askNanoseconds: UInt64 = 20_000_000

  init(_ options: EventLogOptions) {
    pause = UInt64(options.retentionCheckMilliseconds) * 1_000_000
    let seconds = min(options.retentionSeconds ?? 0, 1 << 30) / Self.lateness
    patience = UInt64(seconds) * 1_000_000_000
  }

  /// Tables know more than they did.
  mutating func noteIndexed(isTooLarge: Bool) {
    if !asked.isEmpty || isTooLarge { lookAt = min(lookAt, quietUntil) }
  }

  /// What was proposed is gone: more may be due.
  mutating func noteDropped() { lookAt = min(lookAt, quietUntil) }

  /// What to ask the owner for now. All of it again and again, a part at a time, until the tables
  /// know what was carried: what the owner had no room for comes again.
  mutating func nextAsk(at now: UInt64) -> [CarryRequest] {
    guard now >= askAt, !asked.isEmpty else { return [] }
    let end = min(nextAsked + Limits.carriedAtOnce, asked.count)
    assert(nextAsked < end, "there is somebody to ask")
    defer {
      askedThrough = end == asked.count ? 0 : asked[end - 1].heldLSN
      nextAsked = end == asked.count ? 0 : end
      askAt = now + (nextAsked == 0 ? pause : Self.askNanoseconds)
    }
    return Array(asked[nextAsked..<end])
  }

  /// Whether to look now; the next look comes later when not.
  mutating func mayLook(_ keeper: TableKeeper, _ bounds: RetentionBounds, at now: UInt64) -> Bool {
    guard now >= lookAt else { return false }
    lookAt = now + pause
    let reach = keeper.reach(bounds)
    guard reach.segments > 0, let first = keeper.indexed.first else { return false }
    // What was carried counts once the tables know it.
    if !asked.isEmpty, keeper.coveredLSN == askedCovered { return false }
    if let held, held.segment == first.segment.id, bounds.oldLSN < held.until,
      reach.askedLSN < first.lastLSN, reach.spentLSN < first.lastLSN
    {
      return false
    }
    guard let lookedAt, now - lookedAt < patience else { return true }
    return keeper.bytesOfLook(reach) <= Self.readForRemoved * reach.bytes
  }

  /// What a look that was begun at `begun` found.
  mutating func looked(
    _ plan: RetentionPlan, first: UInt64, covered: LSN, begun: UInt64, at now: UInt64
  ) {
    lookedAt = begun
    quietUntil = now + (now - begun)
    lookAt = max(now + pause, quietUntil)
    held = plan.youngUntil.map { (first, $0) }
    asked = plan.carries
    // Each in its turn: the first of them may be those that the owner cannot carry now.
    nextAsked = asked.firstIndex { $0.heldLSN > askedThrough } ?? 0
    askedCovered = covered
    askAt = asked.isEmpty ? .max : now
  }
}
