import DequeModule
import Messages

/// What holds between an engine's owners after each turn, whatever came. Each owner keeps its own
/// state in order; this is what only all of them together can get wrong: something is counted that
/// is not there, or is there and waits for nothing.
///
/// It looks at everything that is under way: for the simulator and for tests.
package struct EngineInvariants<Lookup: EventLookup> {
  private let engine: ShardEngine<Lookup>
  private var found: [String] = []

  private init(_ engine: ShardEngine<Lookup>) {
    self.engine = engine
  }

  /// What does not hold, a sentence each; empty when all does.
  package static func broken(in engine: ShardEngine<Lookup>) -> [String] {
    var check = EngineInvariants(engine)
    check.checkHeldBytes()
    check.checkCounts()
    check.checkDeliveries()
    check.checkRecords()
    check.checkMessages()
    check.found += engine.outbox.problems
    return check.found
  }

  private mutating func expect(_ holds: Bool, _ problem: @autoclosure () -> String) {
    if !holds { found.append(problem()) }
  }

  private mutating func expect(_ counted: Int, is there: Int, _ what: String) {
    expect(counted == there, "\(counted) \(what) are counted, \(there) are there")
  }

  private mutating func checkHeldBytes() {
    var bytes = 0
    engine.events.forEach { bytes += $0.heldBytes }
    engine.messages.forEach { bytes += $0.heldBytes }
    expect(engine.held.inWork, is: bytes, "bytes in work")
    var waiting = 0
    for inlet in engine.inlets { waiting += inlet.waiting.reduce(0) { $0 + $1.storage.count } }
    waiting += engine.suspects.waiting.reduce(0) { $0 + $1.message.storage.count }
    expect(engine.held.total - engine.held.inWork, is: waiting, "bytes that wait")
  }

  private mutating func checkCounts() {
    var running = 0
    var reads = [0, 0, 0, 0]
    engine.events.forEach { event in
      if event.isBackground { running += 1 }
      if let share = event.readFor { reads[share.rawValue] += 1 }
    }
    expect(engine.background.running, is: running, "events of the background")
    for share in [WorkBudget.Share.logs, .realtime, .batch, .background] {
      expect(engine.reads.count(share), is: reads[share.rawValue], "reads for \(share)")
    }
    expect(
      engine.window.unanswered(.parking), is: engine.parking.publishedCount, "published copies")
    expect(
      engine.window.unanswered(.receipts), is: engine.receipts.publishedCount,
      "published receipts")
  }

  /// Each delivery is where its event says, and nothing else is published.
  private mutating func checkDeliveries() {
    var published = [Int](repeating: 0, count: engine.deliveryQueues.indices.count)
    let queued = engine.deliveryQueues.indices.map { Set(engine.deliveryQueues[$0].events) }
    for slot in engine.events.takenSlots {
      let event = engine.events[slot]
      if let delivery = event.queued {
        let reference = engine.events.reference(slot)
        expect(queued[delivery.queue].contains(reference), "a queued delivery is in no queue")
      }
      guard let delivery = event.published else { continue }
      published[delivery.delivery.queue] += 1
      let link = PublishLink.deliveries(delivery.delivery.queue)
      expect(
        engine.window.isWaiting(delivery.token, on: link), "nobody answers a published delivery")
      expect(delivery.token.event == slot, "a delivery was published for another event")
    }
    for queue in engine.deliveryQueues.indices {
      expect(
        engine.window.unanswered(.deliveries(queue)), is: published[queue],
        "published deliveries of queue \(queue)")
    }
  }

  /// Whoever waits for a record or for work is remembered by whoever brings it.
  private mutating func checkRecords() {
    expect(engine.durableLSN < engine.nextLSN, "more is durable than was appended")
    let waiting = Set(engine.logEnd.waitingEvents)
    let postponed = Set(engine.postponed.all)
    for slot in engine.events.takenSlots {
      let event = engine.events[slot]
      let reference = engine.events.reference(slot)
      expect(event.lastLSN < engine.nextLSN, "an event's record was not appended")
      if case .recording = event.phase {
        expect(waiting.contains(reference), "an event waits for a record that nobody waits for")
      }
      expect(
        event.isPostponed == postponed.contains(reference), "an event is postponed, and is not")
      if event.isReady, !event.isPostponed, event.isAtRest {
        expect(event.waiters.isEmpty, "a message waits for an event that does nothing")
      }
      if event.isLoading || event.isLoadingBody {
        expect(event.readFor != nil, "an event waits for a read that was not asked for")
      }
    }
  }

  /// Each message waits for as many elements as there are.
  private mutating func checkMessages() {
    var elements: [MessageSlot: Int] = [:]
    for slot in engine.events.takenSlots {
      for input in engine.events[slot].inputs {
        switch input {
        case .event(let message, _), .log(let message, _), .cancel(let message, _):
          elements[message, default: 0] += 1
        case .due, .retry, .carry, .carryFinal, .logTimeout, .paced, .redrive, .cancelOrder: break
        }
      }
      engine.events[slot].waiters.forEach { elements[$0, default: 0] += 1 }
    }
    for message in engine.parking.messages { elements[message, default: 0] += 1 }
    // One for the taking of its elements.
    for inlet in engine.inlets where !inlet.open.isNone { elements[inlet.open, default: 0] += 1 }
    for message in engine.messages.slots {
      expect(
        engine.messages[message].unsettled, is: elements.removeValue(forKey: message) ?? 0,
        "elements of a message that wait")
    }
    expect(elements.isEmpty, "elements wait of \(elements.count) messages that are settled")
  }
}
