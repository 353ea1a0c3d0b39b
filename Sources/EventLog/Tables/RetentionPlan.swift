package import LogSequence

/// An event, or a record that is no event's, that holds old segments back: retention goes on when
/// the owner has appended a record that stands for it.
package struct CarryRequest: Hashable, Sendable {
  /// The newest record of the event, or of its kind.
  package let lsn: LSN
  /// Of the event; meaningless when it is none.
  package let hash: EventHash
  /// False for a record that is no event's: its owner appends a newer one of the kind.
  package let isEvent: Bool
  /// Of an event that was final when this was asked: memory may not know it any more, so the owner
  /// looks it up by this id. Nil of an open one.
  package let finalID: [UInt8]?
  /// The oldest record that is held.
  let heldLSN: LSN

  /// Of an event.
  init(_ holder: RetentionPass.Holder, finalID: [UInt8]? = nil) {
    lsn = holder.lsn
    hash = holder.hash
    isEvent = true
    self.finalID = finalID
    heldLSN = holder.need
  }

  /// Of a record that is no event's.
  init(lsn: LSN) {
    self.lsn = lsn
    hash = EventHash(high: 0, low: 0)
    isEvent = false
    finalID = nil
    heldLSN = lsn
  }
}

/// What retention goes by.
struct RetentionBounds {
  /// Segments with records up to here are old, and may go. 0: age does not count.
  var oldLSN: LSN = 0
  /// A final event whose newest record is young and that needs records up to here is to be written
  /// again.
  var askedLSN: LSN = 0
  /// Of a final event that needs records up to here only its newest record is kept.
  var spentLSN: LSN = 0
  /// The owner needs records from here on.
  var keepFrom: LSN
  /// What the store may take; nil: any size.
  var maxBytes: Int64?
}

extension RetentionBounds {
  /// - Parameter time: of a store that keeps records for a time.
  init(_ options: EventLogOptions, _ time: StoreTime?, keepFrom: LSN) {
    self.init(keepFrom: keepFrom, maxBytes: options.maxBytes)
    guard let seconds = options.retentionSeconds, let time else { return }
    let kept = min(seconds, 1 << 33) * 1_000_000_000
    func last(_ nanoseconds: Int64) -> LSN {
      time.samples.last(before: time.now.less(nanoseconds))
    }
    oldLSN = last(kept)
    askedLSN = last(kept.plus(kept / 4))
    spentLSN = last(kept.plus(kept / 2))
  }
}

/// What may be done about the oldest segments.
struct RetentionPlan {
  /// The segments that may go.
  var proposal: RetentionProposal?
  /// These hold others back that are old.
  var carries: [CarryRequest] = []
  /// Nothing goes and nothing is to be carried: a final event holds the oldest segment whose newest
  /// record is young, one of a segment that ends with this record.
  var youngUntil: LSN?

  /// The oldest segment would go, and cannot be read.
  var damage: EventLogError?

  var isNothing: Bool {
    proposal == nil && carries.isEmpty && youngUntil == nil && damage == nil
  }
}

/// To remove segments from the beginning on, by what the tables know. The owner has the last word.
struct RetentionProposal: Sendable {
  /// The last of them.
  let segment: UInt64
  let lastLSN: LSN
  /// All of them, oldest first.
  private let segments: [Segment]
  /// The final events that have records in them that they would need if they were taken up again:
  /// a filter, so some others pass.
  let finals: BlockedFilter
  /// What the tables covered when this was decided.
  let coveredLSN: LSN

  /// What is damaged in it, if anything, and how many events cannot go on without it.
  var damage: StoreFinding?
  var endedEvents = 0

  struct Segment {
    let id: UInt64
    let lastLSN: LSN
  }

  /// Nil without segments.
  init?(_ segments: [Segment], finals: BlockedFilter, coveredLSN: LSN) {
    guard let last = segments.last else { return nil }
    assert(last.lastLSN <= coveredLSN, "only what tables cover may go")
    assert(
      zip(segments, segments.dropFirst()).allSatisfy { $0.id < $1.id && $0.lastLSN <= $1.lastLSN },
      "segments stand in the order of the log")
    (segment, lastLSN) = (last.id, last.lastLSN)
    self.segments = segments
    self.finals = finals
    self.coveredLSN = coveredLSN
  }

  /// Of the segments that lie before this record; nil when none does.
  func shortened(before lsn: LSN) -> RetentionProposal? {
    guard damage == nil else { return lastLSN < lsn ? self : nil }
    return RetentionProposal(
      Array(segments.prefix { $0.lastLSN < lsn }), finals: finals, coveredLSN: coveredLSN)
  }
}

/// Which records retention may look at, by the ages and sizes of the segments.
struct RetentionReach {
  /// How many of the oldest segments are old or too many, and not needed by the owner.
  private(set) var segments = 0
  /// The last LSN of those.
  private(set) var endLSN: LSN
  /// An event whose newest record is at or before this has been final for long enough.
  private(set) var oldLSN: LSN
  /// Final events that need records up to here are to be written again.
  private(set) var askedLSN: LSN
  /// Final events do not hold records up to here.
  private(set) var spentLSN: LSN
  /// Bytes of the segments.
  private(set) var bytes: Int64 = 0

  init(
    _ indexed: [TableKeeper.IndexedSegment], _ bounds: RetentionBounds, origin: LSN,
    bytesTooMany: Int64
  ) {
    func last(_ count: Int) -> LSN { count > 0 ? indexed[count - 1].lastLSN : origin }
    func segments(through lsn: LSN) -> Int { indexed.prefix { $0.lastLSN <= lsn }.count }
    let old = segments(through: bounds.oldLSN)
    var excess = 0
    var rest = bytesTooMany
    while rest > 0, excess < indexed.count {
      rest -= indexed[excess].bytes
      excess += 1
    }
    oldLSN = last(old)
    askedLSN = last(segments(through: bounds.askedLSN))
    spentLSN = last(max(excess, segments(through: bounds.spentLSN)))
    self.segments = indexed.prefix(max(old, excess)).prefix { $0.lastLSN < bounds.keepFrom }.count
    assert(self.segments <= indexed.count, "it reaches no farther than the tables")
    endLSN = last(self.segments)
    bytes = indexed.prefix(self.segments).reduce(0) { $0 + $1.bytes }
  }

  /// Leaves all but the oldest out.
  mutating func limit(to count: Int, of indexed: [TableKeeper.IndexedSegment]) {
    assert(count >= 0 && count <= indexed.count, "what is sound is a part of what there is")
    segments = min(segments, count)
    endLSN = segments > 0 ? indexed[segments - 1].lastLSN : endLSN
    bytes = indexed.prefix(segments).reduce(0) { $0 + $1.bytes }
  }
}
