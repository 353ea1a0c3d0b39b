internal import AMQP
internal import Glibc
internal import Node
internal import Synchronization

/// How long a real-time event takes from publishing it to receiving its delivery, with nothing
/// else to do and while another process floods the batch lane.
///
/// Deliveries are received from a queue of their own that only the real-time lane's are bound to:
/// in the engines' queue they would stand behind those of the flood, whoever made them.
struct LatencyProbe {
  let bench: Bench
  static let events = 200
  static let pauseMilliseconds = 20

  struct Outcome {
    let name: String
    var milliseconds: [Double]
    /// Batch events that the service took meanwhile, a second.
    var batchRate: Double
    var p50: Double { Measurement.percentile(milliseconds, 0.5) }
    var p99: Double { Measurement.percentile(milliseconds, 0.99) }
  }

  func run() async throws -> [Outcome] {
    try await bench.client.perform([
      .bindQueue(
        queue: Bench.latency, exchange: bench.topology.deliveries, routingKey: "email.realtime.#")
    ])
    let service = try ServiceProcess(bench)
    try service.waitUntilReady()
    let idle = try await measure("idle", service)
    let flood = try ChildProcess(
      [
        try ServiceProcess.executable(), "publish", "--lane", "batch", "--generate", "5000000",
      ],
      environment: ServiceProcess.environment(bench, httpPort: 0),
      errorPath: "\(bench.workspace.path)/flood.log")
    defer { flood.stop(withinSeconds: 2) }
    let before = service.metrics.read()?["messages_total"] ?? 0
    _ = try service.wait(for: "the flood") { $0["messages_total"] > before + 10_000 }
    let flooded = try await measure("batch flood", service)
    flood.stop(withinSeconds: 2)
    try await bench.client.perform([.purgeQueue(name: bench.batchQueue)])
    try service.stop()
    try await bench.purge()
    return [idle, flooded]
  }

  private func measure(_ name: String, _ service: ServiceProcess) async throws -> Outcome {
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
    for number in 0..<Self.events {
      let id = "latency-\(getpid())-\(name.first ?? "x")-\(number)"
      var message = ClientMessage(
        exchange: bench.topology.realtime, routingKey: Load.eventType, body: Load.event(named: id))
      message.messageID = id
      message.contentType = "application/json"
      let (client, prepared) = (bench.client, message)
      ledger.sent(id, ContinuousClock.now)
      Task.detached { _ = try await client.publish([prepared]) }
      try await Task.sleep(for: .milliseconds(Self.pauseMilliseconds))
    }
    let taken = (service.metrics.read()?["messages_total"] ?? 0) - messagesBefore - Self.events
    let seconds = (ContinuousClock.now - began).inSeconds
    for _ in 0..<1000 where ledger.count < Self.events {
      try await Task.sleep(for: .milliseconds(20))
    }
    await messages.close()
    try await reader.value
    guard ledger.count == Self.events else {
      throw BenchFailure("latency, \(name): \(ledger.count) of \(Self.events) deliveries came")
    }
    return Outcome(
      name: name, milliseconds: ledger.milliseconds, batchRate: Double(max(0, taken)) / seconds)
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
