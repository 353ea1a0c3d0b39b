internal import AMQP
internal import Synchronization

/// The parked queue, walked from its oldest message on. A message is taken away only when it is
/// settled; all others go back to their places when the walk ends, in their order.
///
/// A walk ends with what was there when it began: what is replayed and parks again is not met
/// twice. At most `most` messages can be held back at one time, so that a walk that takes few of
/// many away sees the beginning of the queue only, and says so.
struct ParkedQueue {
  /// RabbitMQ gives one consumer of a quorum queue no more unsettled messages.
  static let most = 2_000
  /// Nothing has come for so long: somebody else is taking the messages.
  private static let patience = Duration.seconds(10)

  let client: BrokerClient
  let name: String

  /// What a walk has seen.
  struct Tally {
    /// Messages in the queue at the beginning.
    var depth = 0
    var looked = 0
    var matched = 0
    /// Settled: gone from the queue.
    var taken = 0
    /// Matched, and could not be dealt with.
    var skipped = 0
    /// There was more, but no more could be held back.
    var isCut = false

    var left: Int { max(0, depth - taken) }
  }

  /// What is to become of the messages that match.
  enum Verdict {
    case keep, take, skip
  }

  /// Hands each batch's matching messages to `handle`, which says what becomes of each.
  ///
  /// - Parameter limit: at most so many matching messages.
  func walk(
    _ filter: ParkedFilter, limit: Int,
    _ handle: ([ParkedMessage], Tally) async throws -> [Verdict]
  ) async throws -> Tally {
    var tally = Tally()
    tally.depth = try await client.depth(of: name).messages
    guard tally.depth > 0 else { return tally }
    let stream = client.consume(
      Consumer(queue: name, prefetch: UInt16(min(tally.depth, Self.most))))
    let seen = Progress()
    let watch = Task { await Self.closeWhenIdle(stream, seen) }
    do {
      for try await batch in stream {
        seen.count.add(batch.count, ordering: .relaxed)
        try await take(batch, stream, filter, limit, &tally, handle)
        if tally.looked >= tally.depth || tally.matched >= limit { break }
        tally.isCut = tally.looked - tally.taken >= Self.most
        if tally.isCut { break }
      }
    } catch {
      watch.cancel()
      await stream.close()
      throw error
    }
    watch.cancel()
    await stream.close()
    return tally
  }

  private func take(
    _ batch: [IncomingMessage], _ stream: ConsumedMessages, _ filter: ParkedFilter, _ limit: Int,
    _ tally: inout Tally, _ handle: ([ParkedMessage], Tally) async throws -> [Verdict]
  ) async throws {
    var wanted: [ParkedMessage] = []
    for incoming in batch {
      guard tally.looked < tally.depth, tally.matched < limit else { break }
      tally.looked += 1
      let message = ParkedMessage(incoming)
      guard filter.matches(message) else { continue }
      tally.matched += 1
      wanted.append(message)
    }
    let verdicts = try await handle(wanted, tally)
    precondition(verdicts.count == wanted.count, "there is a verdict for each message")
    var done: [IncomingMessage] = []
    for (message, verdict) in zip(wanted, verdicts) {
      switch verdict {
      case .keep: break
      case .take: done.append(message.incoming)
      case .skip: tally.skipped += 1
      }
    }
    tally.taken += done.count
    stream.settle(done)
  }

  private static func closeWhenIdle(_ stream: ConsumedMessages, _ seen: Progress) async {
    var last = -1
    while !Task.isCancelled {
      let now = seen.count.load(ordering: .relaxed)
      if now == last { return await stream.close() }
      last = now
      try? await Task.sleep(for: patience)
    }
  }

  private final class Progress: Sendable {
    let count = Atomic(0)
  }
}
