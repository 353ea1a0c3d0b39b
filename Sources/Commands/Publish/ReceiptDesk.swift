internal import AMQP
internal import JSON
internal import Messages
internal import Node
internal import Synchronization

/// The receipts that `publish --wait` asks for: a queue of its own, and what has come to it.
final class ReceiptDesk: Sendable {
  /// The service keeps at most 256 receipts waiting, and each at most 10 s.
  static let mostAwaited = 200
  private static let mostNamed = 10

  let queue: String
  private let broker: CommandBroker
  private let messages: ConsumedMessages
  private let isJSON: Bool
  private let state = Mutex(State())

  private struct State {
    var awaited: Set<String> = []
    var accepted = 0
    var duplicates = 0
    var refused: [String] = []
    var refusedCount = 0
    var unanswered: [String] = []
    var unansweredCount = 0
    /// Grows with each receipt.
    var received = 0
  }

  var accepted: Int { state.withLock { $0.accepted } }
  var duplicates: Int { state.withLock { $0.duplicates } }
  var refused: Int { state.withLock { $0.refusedCount } }
  var unanswered: Int { state.withLock { $0.unansweredCount } }

  /// Makes the queue and begins to consume from it.
  init(_ broker: CommandBroker, json: Bool) async throws {
    self.broker = broker
    isJSON = json
    // Outside the prefix: a reply queue under it is refused.
    queue = "receipts.\(broker.topology.prefix).\(UInt64.random(in: 0..<(1 << 48)))"
    let declaration = TopologyOperation.declareQueue(
      name: queue, arguments: [AMQP.Argument("x-expires", .int64(60_000))])
    try await broker.client.perform([declaration])
    messages = broker.client.consume(
      Consumer(queue: queue, prefetch: 500), declaring: [declaration])
  }

  /// Receipts of these events are to come.
  func expect(_ ids: [String]) {
    state.withLock { $0.awaited.formUnion(ids) }
  }

  /// Waits for the receipts that are to come, as long as some do within the time limit.
  func collect() async throws {
    let seconds = broker.timeoutSeconds
    try await waiting(for: "receipts, each within \(seconds) s") {
      try await withThrowingTaskGroup(of: Void.self) { tasks in
        tasks.addTask { try await self.receive() }
        tasks.addTask { try await self.watch(seconds) }
        _ = try await tasks.next()
        tasks.cancelAll()
        while let _ = try? await tasks.next() {}
      }
    }
    state.withLock { state in
      state.unansweredCount += state.awaited.count
      state.unanswered += state.awaited.sorted().prefix(Self.mostNamed - state.unanswered.count)
      state.awaited = []
    }
  }

  private func receive() async throws {
    if state.withLock({ $0.awaited.isEmpty }) { return }
    let parser = JSONParser()
    for try await batch in messages {
      for message in batch {
        let body = message.withBody { Array($0) }
        try? parser.withDocument(body) { take($0, body) }
      }
      messages.settle(batch)
      if state.withLock({ $0.awaited.isEmpty }) { return }
    }
  }

  /// Ends when no receipt has come for so long.
  private func watch(_ seconds: Double) async throws {
    var seen = -1
    while true {
      let received = state.withLock { $0.received }
      if received == seen { return }
      seen = received
      try await Task.sleep(for: .seconds(seconds))
    }
  }

  private func take(_ receipt: JSONValue, _ body: [UInt8]) {
    guard let id = receipt["eventId"]?.asString?.string else { return }
    let isAwaited = state.withLock { state in
      state.received += 1
      return state.awaited.remove(id) != nil
    }
    // A receipt may come twice, as everything may.
    guard isAwaited else { return }
    if isJSON { writeLine(String(decoding: body, as: UTF8.self)) }
    let isAccepted = receipt["accepted"]?.asBool ?? false
    let isDuplicate = receipt["duplicate"]?.asBool ?? false
    state.withLock { state in
      if isAccepted {
        state.accepted += 1
        if isDuplicate { state.duplicates += 1 }
      } else {
        state.refusedCount += 1
        let reason = receipt["reason"]
        let code = reason?["code"]?.asString?.string ?? "no reason"
        let text = reason?["text"]?.asString?.string ?? ""
        if state.refused.count < Self.mostNamed { state.refused.append("\(id): \(code): \(text)") }
      }
    }
  }

  var summary: String {
    state.withLock { state in
      "accepted \(state.accepted) (\(state.duplicates) were known already), "
        + "refused \(state.refusedCount), without an answer \(state.unansweredCount)"
    }
  }

  func close() async {
    await messages.close()
    // It would go by itself a minute later.
    _ = try? await broker.client.perform([.deleteQueue(name: queue)])
  }

  /// - Throws: when something was refused, or not answered for.
  func check(areOfCancels: Bool) throws {
    let (refused, refusedCount, unanswered, unansweredCount) = state.withLock {
      ($0.refused, $0.refusedCount, $0.unanswered, $0.unansweredCount)
    }
    var lines: [String] = []
    if refusedCount > 0 {
      lines.append(
        areOfCancels
          ? "\(refusedCount) events are not cancelled:"
          : "the service refused \(refusedCount) events; they are parked:")
      lines += refused
      if refusedCount > refused.count { lines.append("and more") }
    }
    if unansweredCount > 0 {
      let names = unanswered.joined(separator: ", ")
      lines.append(
        """
        no receipt came in time for \(unansweredCount) events (\(names)\
        \(unansweredCount > unanswered.count ? ", ..." : "")): the broker has them, and \
        `meddela events show ID` says what became of each
        """)
    }
    guard !lines.isEmpty else { return }
    throw CommandFailure(
      lines.joined(separator: "\n"), refusedCount > 0 ? .data : .unavailable)
  }
}
