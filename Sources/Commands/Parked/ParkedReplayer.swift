internal import AMQP

/// Publishes parked messages again to where they came from: mandatory and confirmed, so that the
/// parked copy goes only when the broker has the other one.
struct ParkedReplayer {
  let broker: CommandBroker
  let kind: HeldKind
  let ratePerSecond: Int?
  private let started = Terminal.seconds
  private var sent = 0

  init(_ broker: CommandBroker, _ kind: HeldKind, ratePerSecond: Int?) {
    self.broker = broker
    self.kind = kind
    self.ratePerSecond = ratePerSecond
  }

  /// - Parameter done: is called with how many more are through.
  /// - Throws: when the broker refuses or returns one: it and those behind it stay parked.
  mutating func replay(
    _ messages: [ParkedMessage], _ done: (Int) -> Void
  ) async throws -> [ParkedQueue.Verdict] {
    var verdicts: [ParkedQueue.Verdict] = []
    var rest = messages[...]
    while !rest.isEmpty {
      // The return of a message without an id is told by its being alone.
      let isNameless = rest.first?.isNameless ?? false
      let named = rest.prefix(groupSize).prefix { !$0.isNameless }
      let group = isNameless ? rest.prefix(1) : named
      rest = rest.dropFirst(group.count)
      try await wait()
      let going = group.filter { $0.replayVerdict == .take }
      let outcomes = try await broker.publish(going.map(\.replay))
      sent += going.count
      try check(outcomes, of: going)
      verdicts += group.map(\.replayVerdict)
      done(group.count)
    }
    return verdicts
  }

  /// Small enough that a slow rate is even.
  private var groupSize: Int { ratePerSecond.map { min(200, max(1, $0 / 10)) } ?? 200 }

  private func wait() async throws {
    guard let ratePerSecond else { return }
    let due = started + Double(sent) / Double(ratePerSecond)
    let seconds = due - Terminal.seconds
    if seconds > 0 { try await Task.sleep(for: .seconds(seconds)) }
  }

  private func check(
    _ outcomes: [PublishOutcome], of messages: [ParkedMessage]
  ) throws {
    for (outcome, message) in zip(outcomes, messages) {
      let name = message.messageID ?? "a message"
      switch outcome {
      case .confirmed: break
      case .refused:
        throw CommandFailure("the broker refused \(name); it stays \(kind.word)", .unavailable)
      case .returned(let code, let text):
        throw CommandFailure(
          """
          no queue takes \(name) of \(message.exchange) (\(code) \(text)); it stays \(kind.word). \
          Start `meddela serve`, or run `meddela topology apply`
          """, .unavailable)
      }
    }
  }
}
