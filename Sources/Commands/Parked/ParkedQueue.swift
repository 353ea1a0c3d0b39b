internal import AMQP

/// The parked queue, walked from its oldest message on. A message is taken away only when it is
/// settled; all others go back to their places when the walk ends, in their order, for which also
/// a walk that ends early holds the rest for a moment. (One that is killed gives back what it held,
/// too, but the broker may put it in another order.)
///
/// A walk ends with what was there when it began: what is replayed and parks again is not met
/// twice. It holds back what it leaves in place, however many messages these are; where the broker
/// allows a connection few channels and there are more than `ParkedConsumers` can hold, it sees the
/// beginning of the queue only, and says so. Memory is bounded by what one consumer has read ahead,
/// about 32 MiB, whatever is in the queue.
struct ParkedQueue {
  /// Messages are dealt with, and settled, so many at a time.
  private static let groupSize = 200

  let client: BrokerClient
  let kind: HeldKind
  let name: String

  init(_ broker: CommandBroker, _ kind: HeldKind) {
    client = broker.client
    self.kind = kind
    name = kind.queue(broker.topology)
  }

  /// What a walk has seen.
  struct Tally {
    /// Messages in the queue at the beginning.
    var depth = 0
    var looked = 0
    var matched = 0
    /// Settled: gone from the queue.
    var taken = 0
    /// Matched, and do not say where they were published to.
    var withoutOrigin = 0
    /// Matched, and are larger than what is read of a message.
    var tooLarge = 0
    /// There was more, but no more could be held back.
    var isCut = false
    /// There was more, but it did not come.
    var isShared = false

    var left: Int { max(0, depth - taken) }
    var skipped: Int { withoutOrigin + tooLarge }

    /// Says when the walk did not see all that was there.
    func warnOfRest() {
      if isCut {
        warn(
          """
          looked at the oldest \(looked) of \(depth) messages only: \(ParkedConsumers.most) \
          connections hold no more, with the channels that the broker allows each (channel_max). \
          Deal with some of these first
          """)
      }
      if isShared {
        warn(
          """
          looked at \(looked) of \(depth) messages only: no more came. Something else \
          consumes from the queue
          """)
      }
    }
  }

  /// What is to become of the messages that match.
  enum Verdict {
    case keep, take, withoutOrigin, tooLarge
  }

  /// Hands the matching messages to `handle`, some at a time, which says what becomes of each.
  ///
  /// - Parameter limit: at most so many matching messages.
  func walk(
    _ filter: ParkedFilter, limit: Int,
    _ handle: ([ParkedMessage], Tally) async throws -> [Verdict]
  ) async throws -> Tally {
    var tally = Tally()
    tally.depth = try await client.depth(of: name).messages
    var consumers = ParkedConsumers(client, name)
    do {
      try await look(&consumers, filter, limit, &tally, handle)
    } catch {
      await Self.giveBack(&consumers, tally)
      throw error
    }
    await Self.giveBack(&consumers, tally)
    return tally
  }

  private static func giveBack(_ consumers: inout ParkedConsumers, _ tally: Tally) async {
    if tally.looked < tally.depth, !tally.isCut, !tally.isShared { await consumers.holdRest() }
    await consumers.release()
  }

  private func look(
    _ consumers: inout ParkedConsumers, _ filter: ParkedFilter, _ limit: Int,
    _ tally: inout Tally, _ handle: ([ParkedMessage], Tally) async throws -> [Verdict]
  ) async throws {
    while tally.looked < tally.depth, tally.matched < limit {
      if consumers.isFull {
        tally.isCut = !(await consumers.open(prefetch: tally.depth - tally.looked))
        if tally.isCut { return }
      }
      var batch = try await consumers.next()[...]
      tally.isShared = batch.isEmpty
      if tally.isShared { return }
      while !batch.isEmpty {
        let group = batch.prefix(Self.groupSize)
        batch = batch.dropFirst(Self.groupSize)
        let taken = try await deal(with: group, filter, limit, &tally, handle)
        try consumers.settle(taken)
      }
    }
  }

  /// Returns those that are to go.
  private func deal(
    with group: ArraySlice<BrowsedMessage>, _ filter: ParkedFilter, _ limit: Int,
    _ tally: inout Tally, _ handle: ([ParkedMessage], Tally) async throws -> [Verdict]
  ) async throws -> [IncomingMessage] {
    var wanted: [ParkedMessage] = []
    for browsed in group {
      guard tally.looked < tally.depth, tally.matched < limit else { break }
      tally.looked += 1
      let message = ParkedMessage(browsed, kind)
      guard filter.matches(message) else { continue }
      tally.matched += 1
      wanted.append(message)
    }
    guard !wanted.isEmpty else { return [] }
    let verdicts = try await handle(wanted, tally)
    precondition(verdicts.count == wanted.count, "there is a verdict for each message")
    var taken: [IncomingMessage] = []
    for (message, verdict) in zip(wanted, verdicts) {
      switch verdict {
      case .keep: break
      case .take: taken.append(message.incoming)
      case .withoutOrigin: tally.withoutOrigin += 1
      case .tooLarge: tally.tooLarge += 1
      }
    }
    tally.taken += taken.count
    return taken
  }
}
