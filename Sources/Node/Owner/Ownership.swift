internal import EventLog
internal import Execution

/// Decides whether this store may have a shard's queues, when it has to wait, and when it has lost
/// them. Knows no socket and no clock: what happens goes in, what is to be done comes out.
///
/// Two things say whose the queues are. The *lease* is an exclusive queue that exists while its
/// owner's connection does: only one can have it. The *record* is a message in the owner queue that
/// names the store and how far it had come: it stays when the owner goes. A store is opened only
/// when both speak for it.
struct Ownership {
  enum Action: Equatable {
    /// Make or check the owner queue, then tell `prepared`.
    case prepare
    /// Ask for the lease, then tell `claimed`.
    case claim
    /// Get every record, then tell `read`.
    case read
    /// Of what was just read, take these away and give the others back.
    case take(Set<Int>)
    /// Write our record, then tell `recorded` or `notRecorded`.
    case publish
    case wake(seconds: Double)
    /// The store may be opened; then tell `opened`.
    case grant
    /// The queues are ours, and the record says so: take and publish messages.
    case goOn
    /// Take and publish nothing: the lease is gone.
    case hold
    /// Waits, for as long as somebody else has the lease.
    case waits(OwnerRecord?)
    case end(OwnerRefusal)
    /// Give the lease up and disconnect.
    case leave
  }

  enum Phase: Equatable {
    case connecting
    case preparing
    case claiming
    /// The lease is another's.
    case waiting
    case reading
    /// Nothing was found: somebody may just be looking at it.
    case readingAgain
    case opening
    /// Our first record on this connection is on its way.
    case recording
    case owning
    /// A newer record is on its way.
    case renewing
    /// The older records go.
    case cleaning
    case leaving
    case ended
  }

  private enum Store {
    case closed
    case opening
    case open
  }

  /// Whether it waits for the lease of any other store.
  let isStandby: Bool
  /// How long the broker may take to notice that a connection of ours is dead, in nanoseconds.
  let patience: TimeSpan
  private(set) var phase = Phase.connecting
  private var store = Store.closed
  private var hasLease = false
  private var tries = 0
  private var renewals = 0
  private var waitingSince: MonotonicTime?
  /// When the record was last looked at by one who waits.
  private var lookedAt: MonotonicTime?
  /// The owner's record as it was when this store began to wait.
  private var firstSeen: OwnerRecord?
  private var isUnanswered = false
  private let breaks: OwnershipBreaks

  /// - Parameter heartbeatSeconds: of our connection; 0 for none.
  init(isStandby: Bool, heartbeatSeconds: Int, breaks: OwnershipBreaks = []) {
    self.isStandby = isStandby
    self.breaks = breaks
    patience = .seconds(UInt64(heartbeatSeconds * 2 + 10))
  }

  /// Between two records of an owner.
  static let renewSeconds = 10.0
  private static let waitSeconds = 0.5
  /// Each try of a standby is an error in the broker's log.
  private static let standbySeconds = 2.0
  /// Between two looks at the record, to see whether its owner lives: each counts towards the
  /// delivery limit.
  private static let betweenLooks: TimeSpan = .seconds(5)
  private static let readAgainSeconds = 0.25
  private static let mostTries = 4
  /// The lease is asked for again with every third record: somebody may have deleted it.
  private static let renewalsPerClaim = 3

  private var isOwner: Bool {
    phase == .owning || phase == .renewing || phase == .cleaning
  }

  /// There is a connection.
  mutating func connected() -> [Action] {
    guard phase == .connecting else { return [] }
    phase = .preparing
    return [.prepare]
  }

  mutating func prepared() -> [Action] {
    switch phase {
    case .preparing:
      phase = .claiming
      return [.claim]
    case .recording, .renewing: return publish()
    default: return []
    }
  }

  /// - Parameter isOurs: whether the lease is.
  mutating func claimed(_ isOurs: Bool, at now: MonotonicTime) -> [Action] {
    let isOurs = isOurs || breaks.has(.takesLeaseForGranted)
    if isOwner { return isOurs ? [] : end(.held(by: nil)) }
    guard phase == .claiming else { return [] }
    hasLease = isOurs
    if isOurs {
      waitingSince = nil
    } else {
      if waitingSince == nil { waitingSince = now }
      if store == .closed, let lookedAt, isStandby || now - lookedAt < Self.betweenLooks {
        phase = .waiting
        return [.wake(seconds: isStandby ? Self.standbySeconds : Self.waitSeconds)]
      }
    }
    phase = .reading
    return [.read]
  }

  /// - Parameters:
  ///   - records: nil for a message that is none.
  ///   - standing: of our store; nil where there is none yet.
  mutating func read(
    _ records: [OwnerRecord?], _ standing: StoreStanding?, at now: MonotonicTime
  ) -> [Action] {
    if phase == .cleaning { return clean(records, standing) }
    guard phase == .reading else { return [.take([])] }
    let newest = records.compactMap { $0 }.max(by: OwnerRecord.isOlder)
    if newest == nil, tries < Self.mostTries {
      tries += 1
      phase = .readingAgain
      return [.take([]), .wake(seconds: Self.readAgainSeconds)]
    }
    tries = 0
    let refusal =
      breaks.has(.ignoresRecord)
      ? nil : OwnerRefusal.judge(newest, unreadable: records.contains(nil), standing)
    return [.take([])]
      + (hasLease ? decide(refusal) : wait(newest, refusal, standing, at: now))
  }

  private mutating func decide(_ refusal: OwnerRefusal?) -> [Action] {
    if let refusal { return end(refusal) }
    switch store {
    case .closed:
      store = .opening
      phase = .opening
      return [.grant]
    case .opening:
      phase = .opening
      return []
    case .open:
      phase = .recording
      return publish()
    }
  }

  /// Somebody has the lease.
  private mutating func wait(
    _ newest: OwnerRecord?, _ refusal: OwnerRefusal?, _ standing: StoreStanding?,
    at now: MonotonicTime
  ) -> [Action] {
    if store != .closed {
      // It was ours and went with its connection, or the broker has not noticed that yet.
      let waited = now - (waitingSince ?? now)
      if refusal != nil || waited > patience { return end(.held(by: newest)) }
      phase = .waiting
      return [.wake(seconds: Self.waitSeconds)]
    }
    lookedAt = now
    if isStandby {
      phase = .waiting
      return [.waits(newest), .wake(seconds: Self.standbySeconds)]
    }
    guard let newest, newest.standing.storeID == standing?.storeID else {
      return end(.held(by: newest))
    }
    if let refusal { return end(refusal) }
    // Our own lease after our host has died, as long as nobody is heard of.
    if let firstSeen, firstSeen != newest { return end(.held(by: newest)) }
    let isFirst = firstSeen == nil
    firstSeen = newest
    phase = .waiting
    return (isFirst ? [.waits(newest)] : []) + [.wake(seconds: Self.waitSeconds)]
  }

  /// The store is open.
  mutating func opened() -> [Action] {
    store = .open
    guard phase == .opening else { return [] }
    phase = .recording
    return (breaks.has(.goesOnUnrecorded) ? [.goOn] : []) + publish()
  }

  private mutating func publish() -> [Action] {
    isUnanswered = true
    return [.publish]
  }

  /// The broker has confirmed our newest record.
  mutating func recorded() -> [Action] {
    isUnanswered = false
    switch phase {
    case .recording:
      phase = .cleaning
      return [.goOn, .read]
    case .renewing:
      phase = .cleaning
      return [.read]
    case .leaving:
      phase = .ended
      return [.leave]
    default: return []
    }
  }

  /// The broker takes no publishes, ours among them (a resource alarm): the lease alone has to do
  /// until it does.
  mutating func blocked() -> [Action] {
    phase == .recording ? [.goOn] : []
  }

  /// The broker has not taken our record: the owner queue is gone, or refuses.
  mutating func notRecorded() -> [Action] {
    isUnanswered = false
    if phase == .leaving { return [.leave] }
    return [.wake(seconds: Self.waitSeconds)]
  }

  private mutating func clean(
    _ records: [OwnerRecord?], _ standing: StoreStanding?
  ) -> [Action] {
    phase = .owning
    let next = Action.wake(seconds: Self.renewSeconds)
    let known = records.indices.filter { records[$0] != nil }
    guard let newest = known.compactMap({ records[$0] }).max(by: OwnerRecord.isOlder) else {
      return [.take([]), next]
    }
    let ours = standing.map { ($0.storeID, $0.lineage, $0.epoch) }
    guard let ours,
      (newest.standing.storeID, newest.standing.lineage, newest.standing.epoch) == ours
    else {
      return breaks.has(.overlooksSuccessor)
        ? [.take([]), next] : [.take([])] + end(.held(by: newest))
    }
    if breaks.has(.keepsOldRecords) { return [.take([]), next] }
    let kept = known.last { records[$0] == newest }
    return [.take(Set(known.filter { $0 != kept })), next]
  }

  /// A wake that was asked for has come.
  mutating func wake() -> [Action] {
    switch phase {
    case .waiting, .claiming:
      phase = .claiming
      return [.claim]
    case .preparing: return [.prepare]
    case .readingAgain:
      phase = .reading
      return [.read]
    case .owning:
      phase = .renewing
      renewals += 1
      return publish() + (renewals % Self.renewalsPerClaim == 0 ? [.claim] : [])
    case .recording, .renewing:
      return isUnanswered ? [.wake(seconds: Self.renewSeconds)] : [.prepare]
    default: return []
    }
  }

  /// The connection is gone, and the lease with it.
  mutating func lost() -> [Action] {
    switch phase {
    case .ended: return []
    case .leaving:
      phase = .ended
      return [.leave]
    default:
      phase = .connecting
      hasLease = false
      isUnanswered = false
      tries = 0
      return store == .closed || breaks.has(.goesOnWithoutLease) ? [] : [.hold]
    }
  }

  /// The store is closed, or was never opened: its last record is written, and the lease let go.
  mutating func finish() -> [Action] {
    guard phase != .ended else { return [.leave] }
    guard store == .open, isOwner || phase == .recording, !breaks.has(.leavesUnrecorded) else {
      phase = .ended
      return [.leave]
    }
    phase = .leaving
    return publish()
  }

  private mutating func end(_ refusal: OwnerRefusal) -> [Action] {
    phase = .ended
    return [.end(refusal)]
  }
}
