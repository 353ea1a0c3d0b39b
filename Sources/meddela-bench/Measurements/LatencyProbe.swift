internal import AMQP
internal import Glibc
internal import Node
internal import Synchronization

/// How long an event takes from publishing it to receiving its delivery: beside an idle, a busy and
/// a flooded batch lane, and as the first one after a quiet time.
///
/// Deliveries are received from a queue of their own that only the measured lane's are bound to:
/// in the engines' queue they would stand behind those of the flood, whoever made them.
struct LatencyProbe {
  let bench: Bench

  /// What the events are measured beside, and how they come.
  struct Case {
    var name: String
    var isBatch = false
    var events = 200
    var pauseMilliseconds = 20
    var load = Load.none

    enum Load {
      case none
      /// Batch events a second.
      case steady(Int)
      /// As many as another process can publish.
      case flood
    }

    /// What every run of the bench measures.
    static let short = [
      Case(name: "idle"), Case(name: "batch flood", load: .flood),
    ]

    /// For p99.9, and for lanes that have been quiet.
    static let long = [
      Case(name: "batch lane empty", events: 3000, pauseMilliseconds: 10),
      Case(name: "batch lane busy", events: 3000, pauseMilliseconds: 10, load: .steady(1000)),
      Case(name: "batch lane flooded", events: 3000, pauseMilliseconds: 10, load: .flood),
      Case(name: "after 2 s of quiet", events: 30, pauseMilliseconds: 2000),
      Case(name: "batch, both lanes empty", isBatch: true, events: 3000, pauseMilliseconds: 10),
      Case(
        name: "batch, after 2 s of quiet", isBatch: true, events: 30, pauseMilliseconds: 2000),
    ]
  }

  struct Outcome {
    let name: String
    var milliseconds: [Double]
    /// Batch events that the service took meanwhile, a second.
    var batchRate: Double
    var p50: Double { Measurement.percentile(milliseconds, 0.5) }
    var p99: Double { Measurement.percentile(milliseconds, 0.99) }
    var p999: Double { Measurement.percentile(milliseconds, 0.999) }
    var worst: Double { milliseconds.max() ?? 0 }
  }

  func run(_ cases: [Case]) async throws -> [Outcome] {
    let service = try ServiceProcess(bench)
    try service.waitUntilReady()
    var outcomes: [Outcome] = []
    for (index, it) in cases.enumerated() {
      let key = it.isBatch ? "email.batch.#" : "email.realtime.#"
      let exchange = bench.topology.deliveries
      try await bench.client.perform([
        .bindQueue(queue: Bench.latency, exchange: exchange, routingKey: key)
      ])
      let load = try start(it.load, service)
      outcomes.append(try await measure(it, "\(index)", service))
      load?.stop(withinSeconds: 2)
      try await bench.client.perform([
        .unbindQueue(queue: Bench.latency, exchange: exchange, routingKey: key),
        .purgeQueue(name: bench.batchQueue),
      ])
    }
    try service.stop()
    try await bench.purge()
    return outcomes
  }

  /// Returns when the lane has the load.
  private func start(_ load: Case.Load, _ service: ServiceProcess) throws -> ChildProcess? {
    var rate: [String] = []
    switch load {
    case .none: return nil
    case .steady(let events): rate = ["--rate", "\(events)"]
    case .flood: break
    }
    let before = service.metrics.read()?["messages_total"] ?? 0
    let process = try ChildProcess(
      [try ServiceProcess.executable(), "publish", "--lane", "batch", "--generate", "5000000"]
        + rate,
      environment: ServiceProcess.environment(bench, httpPort: 0),
      errorPath: "\(bench.workspace.path)/load.log")
    let enough = rate.isEmpty ? 10_000 : 1000
    _ = try service.wait(for: "the batch load") { $0["messages_total"] > before + enough }
    return process
  }

  private func measure(
    _ it: Case, _ label: String, _ service: ServiceProcess
  ) async throws -> Outcome {
    let ledger = LatencyLedger()
    let messages = bench.client.consume(Consumer(queue: Bench.latency, prefetch: 1000))
    let reader = Task.detached {
      let iterator = messages.makeAsyncIterator()
      while let batch = try await iterator.next() {
        let now = ContinuousClock.now
        for message in batch {
          if let id = message.text(message.properties.correlationID) { ledger.received(id, now) }
        }
        messages.settle(batch)
      }
    }
    let began = ContinuousClock.now
    let messagesBefore = service.metrics.read()?["messages_total"] ?? 0
    let exchange = it.isBatch ? bench.topology.batch : bench.topology.realtime
    for number in 0..<it.events {
      try await Task.sleep(for: .milliseconds(it.pauseMilliseconds))
      let id = "latency-\(getpid())-\(label)-\(number)"
      var message = ClientMessage(
        exchange: exchange, routingKey: Load.eventType, body: Load.event(named: id))
      message.messageID = id
      message.contentType = "application/json"
      let (client, prepared) = (bench.client, message)
      ledger.sent(id, ContinuousClock.now)
      Task.detached { _ = try await client.publish([prepared]) }
    }
    let taken = (service.metrics.read()?["messages_total"] ?? 0) - messagesBefore - it.events
    let seconds = (ContinuousClock.now - began).inSeconds
    for _ in 0..<1000 where ledger.count < it.events {
      try await Task.sleep(for: .milliseconds(20))
    }
    await messages.close()
    try await reader.value
    guard ledger.count == it.events else {
      throw BenchFailure("latency, \(it.name): \(ledger.count) of \(it.events) deliveries came")
    }
    if case .none = it.load {
      return Outcome(name: it.name, milliseconds: ledger.milliseconds, batchRate: 0)
    }
    return Outcome(
      name: it.name, milliseconds: ledger.milliseconds, batchRate: Double(max(0, taken)) / seconds)
  }
}

/// When each event was sent and its delivery first received.
final class LatencyLedger: Sendable {
  private struct State {
    var sent: [String: ContinuousClock.Instant] = [:]
    var milliseconds: [Double] = []
  }

  private let state = Mutex(State())

  func sent(_ id: String, _ at: ContinuousClock.Instant) {
    state.withLock { $0.sent[id] = at }
  }

  func received(_ id: String, _ at: ContinuousClock.Instant) {
    state.withLock { state in
      guard let sent = state.sent.removeValue(forKey: id) else { return }
      state.milliseconds.append((at - sent).inSeconds * 1000)
    }
  }

  var count: Int { state.withLock { $0.milliseconds.count } }
  var milliseconds: [Double] { state.withLock { $0.milliseconds } }
}
