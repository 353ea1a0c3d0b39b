import Execution
import LogSequence
import Messages

/// The cancels of a simulated run. They have random numbers of their own, so that a run without
/// them is what it was before there were any.
struct SimulatedCancels {
  /// How many are still to come while the run goes on.
  var left: Int
  var random: SeededRandom
  /// Those that a person has asked for and that are not answered, by token: the events' ids.
  var pending: [UInt64: String] = [:]
  var outcomes: [UInt64: CancelOutcome] = [:]
  private var nextToken: UInt64 = 1

  init(seed: UInt64, left: Int) {
    random = SeededRandom(seed: seed ^ 0xCA9C_E1)
    self.left = left
  }

  mutating func order(_ id: String) -> UInt64 {
    defer { nextToken += 1 }
    pending[nextToken] = id
    return nextToken
  }
}

extension ModelBroker.Message {
  static func cancel(_ ids: [String], replyTo: String = "") -> ModelBroker.Message {
    let elements = ids.map { #"{"id":"\#($0)"}"# }
    var message = ModelBroker.Message(
      body: Array((ids.count == 1 ? elements[0] : "[\(elements.joined(separator: ","))]").utf8),
      messageID: ids.count == 1 ? ids[0] : "", replyTo: replyTo, ids: ids)
    message.isCancel = true
    return message
  }
}

extension SimulatedLoad {
  /// Cancels among what producers have sent: before their events and behind them, in either lane,
  /// twice, several in one message, and of events that never come.
  static func sendCancels(_ events: [(id: String, world: Simulation)], seed: UInt64) {
    var random = SeededRandom(seed: ~seed ^ 0xCA9C_E1)
    func insert(_ message: ModelBroker.Message, _ world: Simulation) {
      let queue = random.below(2)
      let place = random.below(world.broker.queues[queue].ready.count + 1)
      world.broker.queues[queue].ready.insert(message, at: place)
    }
    for (index, event) in events.enumerated() where random.chance(25) {
      insert(.cancel([event.id], replyTo: random.chance(50) ? "client" : ""), event.world)
      if random.chance(30) { insert(.cancel([event.id]), event.world) }
      if random.chance(10) { insert(.cancel([event.id, "never-\(seed)-\(index)"]), event.world) }
    }
  }
}

extension Simulation {
  /// A producer or a person cancels an event, whatever has become of it.
  func cancelSomething() {
    guard cancels.left > 0, cancels.random.chance(5), !events.isEmpty else { return }
    let id = events[cancels.random.below(events.count)]
    // Those are to be published, and are waited for.
    guard !id.hasPrefix("calm-") else { return }
    cancels.left -= 1
    if cancels.random.chance(50) {
      let message = ModelBroker.Message.cancel([id], replyTo: "client")
      broker.queues[cancels.random.below(2)].ready.append(message)
    } else {
      engine.cancel(id: Array(id.utf8), token: cancels.order(id))
    }
  }

  /// A person is told that an event is cancelled only when that is durable.
  func check(_ answer: CancelAnswer) {
    cancels.outcomes[answer.token] = answer.outcome
    guard let id = cancels.pending.removeValue(forKey: answer.token) else {
      return violate(.totals, "cancel \(answer.token) was answered twice")
    }
    if case .unavailable = answer.outcome { return }
    checkCancelled(id, "cancel \(answer.token) of \(id) was answered")
  }

  /// A cancel that is settled is durable, or it came too late.
  func checkCancelled(_ id: String, _ what: String) {
    let isOut = publishTimes.keys.contains { deliveryID($0)?.event == id }
    let isDurable = log.durableRecords(of: log.key(of: id)).contains { record in
      guard let state = record.state else { return record.kind == .cancelRequested }
      return state.isCancelled || state.status != .pending
    }
    if !isDurable, !isOut { violate(.cancelled, "\(what) before it was durable") }
  }

  /// Nothing of a cancelled event goes out.
  func checkIsNotCancelled(_ id: String, _ attempt: UInt16) {
    guard let state = log.newestRecord(id: Array(id.utf8))?.state, state.isCancelled,
      state.attempt == attempt
    else { return }
    violate(.cancelled, "\(id) was published in attempt \(attempt), and is cancelled")
  }

  /// An event whose cancel was there before it, as the record with this LSN, is ignored at once.
  func checkCancelledBefore(_ id: String, _ lsn: LSN, _ history: [ModelLog.Record]) {
    guard let accepted = history.first, lsn < accepted.lsn else { return }
    let next = history.dropFirst().first { $0.kind.isTransition }
    if next?.state?.status != .ignored || next?.reason != "cancelled" {
      violate(.cancelled, "\(id) was cancelled before it came, and is not ignored")
    }
    if !publishes(of: "\(id).\(shard).1").isEmpty {
      violate(.cancelled, "\(id) was cancelled before it came, and has gone out")
    }
  }
}
