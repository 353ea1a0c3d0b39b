internal import EventLog
internal import Execution
internal import HTTPTypes
internal import Hummingbird
package import Logging
internal import Messages
internal import NIOCore
internal import ServiceLifecycle

/// Health and metrics over HTTP: `/live`, `/ready`, `/metrics`.
package struct HealthService: Service {
  let host: String
  let port: Int
  let reports: [ShardReport]
  let otherShards: @Sendable () -> [(shard: ShardNumber, isUnowned: Bool)]
  let logger: Logger

  package init(
    configuration: NodeConfiguration, service: NodeService, logger: Logger
  ) {
    host = configuration.httpHost
    port = configuration.httpPort
    reports = service.reports
    otherShards = service.otherShards
    self.logger = logger
  }

  package func run() async throws {
    let router = Router()
    let (reports, otherShards) = (reports, otherShards)
    router.get("live") { _, _ in Self.live(reports.map(\.current)) }
    router.get("ready") { _, _ in Self.ready(reports) }
    router.get("metrics") { _, _ in
      let text = MetricsText.text(
        reports.map { ($0.shard, $0.current) }, others: otherShards())
      return Self.response(.ok, text, type: "text/plain; version=0.0.4")
    }
    let application = Application(
      router: router,
      configuration: ApplicationConfiguration(address: .hostname(host, port: port)),
      logger: logger)
    do {
      try await application.run()
    } catch {
      throw NodeError(
        message: "cannot serve health on \(host):\(port) (http.host, http.port): \(error)",
        exitCode: 69)
    }
  }

  /// The shards' loops turn. One that recovers a large store does not turn yet, and is alive.
  private static func live(_ shards: [ShardStatus]) -> Response {
    let now = NodeClock.now().monotonic
    let isStuck = shards.contains { $0.phase == .running && now - $0.lastTurnAt > .seconds(30) }
    return response(isStuck ? .serviceUnavailable : .ok, isStuck ? "stuck\n" : "alive\n")
  }

  /// All connections of all shards are up and consume; says what is wrong otherwise.
  private static func ready(_ reports: [ShardReport]) -> Response {
    var isReady = true
    var lines: [String] = []
    for report in reports {
      let (isShardReady, shardLines) = ready(report.current)
      isReady = isReady && isShardReady
      let prefix = reports.count > 1 ? "shard \(report.shard): " : ""
      lines += shardLines.map { prefix + $0 }
    }
    return response(
      isReady ? .ok : .serviceUnavailable, lines.joined(separator: "\n") + "\n")
  }

  private static func ready(_ status: ShardStatus) -> (isReady: Bool, lines: [String]) {
    var lines = ["phase \(status.phase.rawValue)"]
    if let ownership = status.ownership { lines.append("owner: \(ownership)") }
    for link in status.links {
      let blocked = link.isBlocked ? ", blocked by the broker" : ""
      lines.append("\(link.name): \(link.isReady ? "ready" : "not ready")\(blocked)")
    }
    if status.isShortOfSpace { lines.append("store: no room for another segment") }
    if status.isDiskStalled {
      let seconds = Int(status.syncTimes.waitingSeconds)
      lines.append("store: the disk has not confirmed a write for \(seconds) s")
    }
    // Passes by itself, as every back-pressure does.
    if status.isBehind { lines.append("store: \(status.segmentsToIndex) segments to index first") }
    // Said, and no reason to stop taking events: what is written now is sound.
    if let damage = status.damage { lines.append("store: damaged: \(damage)") }
    let isUnroutable =
      status.lastUnroutableAt > .start
      && NodeClock.now().monotonic - status.lastUnroutableAt < .minutes(1)
    if isUnroutable { lines.append("deliveries: no queue takes some of them") }
    let faults = status.broker.faults(at: NodeClock.now().monotonic)
    lines += faults
    return (status.isReady && !isUnroutable && faults.isEmpty, lines)
  }

  private static func response(
    _ status: HTTPResponse.Status, _ text: String, type: String = "text/plain"
  ) -> Response {
    Response(
      status: status, headers: [.contentType: type],
      body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
  }
}
