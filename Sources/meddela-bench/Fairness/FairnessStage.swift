internal import AMQP
internal import Glibc
internal import Messages
internal import NIOPosix
internal import Node

/// What a row works with: a service of its own, on a store of its own, and the broker.
final class FairnessStage: @unchecked Sendable {
  // Sendable because one task uses it at a time: the run, which hands it to the row and waits.
  let bench: Bench
  let load: LoadPublisher
  /// Of what disturbs, where the row leaves it open.
  let lane: String
  /// Of the templates.
  let templates: String
  private let store: String
  private let settings: [String: String]
  private(set) var service: ServiceProcess
  /// The calm producer, while it is measured.
  var probe: CalmProbe?
  /// What else the report should say of the row.
  private(set) var notes: [String] = []
  /// Until when anything is waited for.
  private var limit = ContinuousClock.Instant.now

  init(_ bench: Bench, _ row: any FairnessRow, lane: String = "batch") async throws {
    self.bench = bench
    self.lane = lane
    let folder = "\(bench.workspace.path)/\(row.name)"
    templates = "\(folder)/templates"
    store = "\(folder)/store"
    for path in [folder, templates] { try makeFolder(path) }
    for template in row.templates + [CalmProbe.template] { try template.write(into: templates) }
    settings = row.settings
    load = LoadPublisher(client: try await bench.connect("load"))
    // The queues are the store's of the row before.
    let owner = bench.topology.ownerQueue(shard: .first)
    try await bench.client.perform([.deleteQueue(name: owner)])
    service = try ServiceProcess(bench, settings: Self.environment(store, templates, settings))
    try await waitUntilReady()
  }

  var environment: [String: String] {
    ServiceProcess.environment(
      bench, httpPort: 0, settings: Self.environment(store, templates, settings))
  }

  private static func environment(
    _ store: String, _ templates: String, _ settings: [String: String]
  ) -> [String: String] {
    settings.merging(["MEDDELA_STORE_PATH": store, "MEDDELA_TEMPLATES_PATH": templates]) { $1 }
  }

  func stopService() throws { try service.stop() }

  /// Starts it again on the same store, and returns half a second after that is open: so long it
  /// may take to connect. Whoever waits until it says that it is ready would not see what keeps it
  /// from that.
  func startService() async throws {
    let log = LogTail(bench.workspace.serviceLog)
    let began = ContinuousClock.now
    service = try ServiceProcess(bench, settings: Self.environment(store, templates, settings))
    try log.wait(for: "The store is open", service)
    let milliseconds = Int((ContinuousClock.now - began).inSeconds * 1000)
    notes.append("the store was open \(milliseconds) ms after the start")
    try await Task.sleep(for: .milliseconds(500))
  }

  func exchange(_ lane: String) -> String {
    lane == "batch" ? bench.topology.batch : bench.topology.realtime
  }

  /// A message of the lane with an event.
  func message(_ event: BenchEvent, lane: String) -> ClientMessage {
    var message = ClientMessage(
      exchange: exchange(lane), routingKey: event.type, body: event.body)
    message.messageID = event.id
    message.contentType = "application/json"
    return message
  }

  /// From now on so long.
  func setLimit(seconds: Double) { limit = .now + .seconds(seconds) }

  /// Waits until the service's counters satisfy. Never blocks a thread: the calm producer wants
  /// one.
  func wait(
    for what: String, until isSatisfied: (FairnessCounters) -> Bool
  ) async throws {
    var last: FairnessCounters?
    while ContinuousClock.now < limit {
      if let counters = try await read() {
        if isSatisfied(counters) { return }
        last = counters
      } else if !service.child.isRunning {
        throw BenchFailure("the service ended while the bench waited for \(what)")
      }
      try await Task.sleep(for: .milliseconds(50))
    }
    throw FairnessLimit(what: what, last: last?.summary ?? "no metrics were read")
  }

  func counters() async throws -> FairnessCounters {
    guard let counters = try await read() else {
      throw BenchFailure("the service's metrics cannot be read")
    }
    return counters
  }

  private func read() async throws -> FairnessCounters? {
    let client = service.metrics
    let calm = probe?.ledger.receivedCount ?? 0
    return try await NIOThreadPool.singleton.runIfActive { client.read() }
      .map { FairnessCounters($0, calm: calm) }
  }

  private func waitUntilReady() async throws {
    setLimit(seconds: 300)
    try await wait(for: "the service to be ready") { $0.isReady }
  }
}

/// A disturbance that did not come to its end in time.
struct FairnessLimit: Error, CustomStringConvertible {
  let what: String
  let last: String

  var description: String { "gave up waiting for \(what): \(last)" }
}

/// The service's counters that the rows wait for, since its start; what the calm producer caused
/// does not count.
struct FairnessCounters {
  private let metrics: Metrics
  private let calm: Int

  init(_ metrics: Metrics, calm: Int) {
    self.metrics = metrics
    self.calm = calm
  }

  var isReady: Bool { metrics["ready"] == 1 }
  /// Messages of others that were acknowledged.
  var settled: Int { metrics["settled_total"] - calm }
  /// Deliveries of others that the broker has.
  var delivered: Int { metrics["deliveries_confirmed_total"] - calm }
  var parked: Int { metrics["parked_total"] }
  var notCovered: Int { metrics["events_not_covered_total"] }
  var logTimeouts: Int { metrics["log_timeouts_total"] }
  var active: Int { metrics["active_events"] }
  var waiting: Int { metrics["waiting_events"] }

  var summary: String {
    "settled \(settled), delivered \(delivered), parked \(parked), active \(active), "
      + "waiting \(waiting), not covered \(notCovered), log timeouts \(logTimeouts)"
  }
}
