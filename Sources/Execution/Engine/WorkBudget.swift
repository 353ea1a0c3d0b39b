/// How much a turn may do before the sockets are read again and what is more urgent has its turn.
///
/// Work is counted, not timed, so that the same inputs always give the same turns: one unit is
/// about one nanosecond of a release build on one core, as it was measured of bytes that are parsed
/// and of steps that are rendered. It need not be exact: it keeps a slice of large events, or of
/// events that render much, as short as one of small ones.
struct WorkBudget {
  /// Who works. Each has its own slice of a turn.
  enum Share: Int {
    case logs
    case realtime
    /// The batch lane's messages.
    case batch
    /// Timers, recovery and all else that nobody waits for at this moment.
    case background
  }

  /// Whom the work is counted for that is done now.
  var share = Share.realtime
  /// All work so far.
  private(set) var total: UInt64 = 0
  private var left = slices
  /// The turn before.
  private var turnAt: MonotonicTime = .start
  private var lastRealtimeAt: MonotonicTime?

  private static let slices = [
    EngineLimits.urgentWork, EngineLimits.urgentWork, EngineLimits.batchWork,
    EngineLimits.backgroundWork,
  ]

  mutating func realtimeCame(at now: MonotonicTime) { lastRealtimeAt = now }

  /// Whether real-time events come at present.
  func isRealtimeActive(at now: MonotonicTime) -> Bool {
    lastRealtimeAt.map { now - $0 < EngineLimits.realtimeActive } ?? false
  }

  /// A turn begins.
  mutating func begin(at now: MonotonicTime) {
    refill(elapsed: now - turnAt, besideRealtime: isRealtimeActive(at: now))
    turnAt = now
  }

  /// What batch and background took beyond their slice in the turns before, they
  /// pay back first: so what is urgent meets few turns that are long.
  ///
  /// - Parameters:
  ///   - elapsed: since the turn before.
  ///   - besideRealtime: whether real-time events come at present. Then batch and background get
  ///     a part of the time that passes and no more, however many turns there are: the broker and
  ///     the disk serve the real-time events, too, and need the rest.
  private mutating func refill(elapsed: TimeSpan, besideRealtime: Bool) {
    for index in left.indices {
      let slice = Self.slices[index]
      guard index == Share.batch.rawValue || index == Share.background.rawValue else {
        left[index] = slice
        continue
      }
      let part = Int(clamping: elapsed.nanoseconds / EngineLimits.bulkPart)
      let grant = besideRealtime ? max(part, EngineLimits.leastWork) : slice
      left[index] = min(slice, left[index] + min(grant, slice))
    }
  }

  mutating func spend(_ units: Int) {
    assert(units >= 0, "work is not given back")
    total &+= UInt64(units)
    left[share.rawValue] -= units
  }

  /// Whether a share has used up its slice. Whoever began before goes to the end of one element.
  func isSpent(_ share: Share) -> Bool { left[share.rawValue] <= 0 }
}

/// What the parts of the work cost, in units.
enum WorkCost {
  /// One element of a message, or one input of an event, beside its bytes: matching, tables,
  /// records, publishes and their confirms.
  static let element = 5_000
  /// A copy for the parked queue, beside its bytes: the broker's work, mostly, and the reason that
  /// many of them are kept from real-time events.
  static let parkedCopy = 100_000
  /// Looking whether something is due.
  static let look = 500
  /// A byte that is parsed, copied into a record or rendered. More than that takes: disk and
  /// broker have work with it, too.
  static let byte = 16
  /// A step of a template: an instruction, or 16 members that are searched for a name.
  static let step = 6
  /// A byte of a compressed body, or of what it is unpacked to.
  static let unpackedByte = 5
  /// A byte of XML or of a CloudEvent that is written in our notation.
  static let translatedByte = 40
}
