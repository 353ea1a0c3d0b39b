internal import EventLog
internal import Execution
internal import HTTPTypes
internal import Hummingbird
package import Logging
internal import NIOCore
internal import ServiceLifecycle

/// Health and metrics over HTTP: `/live`, `/ready`, `/metrics`.
package struct HealthService: Service {
  let host: String
  let port: Int
  let report: ShardReport
  let logger: Logger

  package init(
    configuration: NodeConfiguration, report: ShardReport, logger: Logger
  ) {
    host = configuration.httpHost
    port = configuration.httpPort
    self.report = report
    self.logger = logger
  }

  package func run() async throws {
    let router = Router()
    let report = report
    router.get("live") { _, _ in Self.live(report.current) }
    router.get("ready") { _, _ in Self.ready(report.current) }
    router.get("metrics") { _, _ in
      Self.response(.ok, MetricsText.text(report.current), type: "text/plain; version=0.0.4")
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

  /// The shard's loop turns. One that recovers a large store does not turn yet, and is alive.
  private static func live(_ status: ShardStatus) -> Response {
    let isStuck =
      status.phase == .running && NodeClock.now().monotonic - status.lastTurnAt > .seconds(30)
    return response(isStuck ? .serviceUnavailable : .ok, isStuck ? "stuck\n" : "alive\n")
  }

  /// All connections are up and consume; says what is wrong otherwise.
  private static func ready(_ status: ShardStatus) -> Response {
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
    let isReady = status.isReady && !isUnroutable && faults.isEmpty
    return response(
      isReady ? .ok : .serviceUnavailable, lines.joined(separator: "\n") + "\n")
  }

  private static func response(
    _ status: HTTPResponse.Status, _ text: String, type: String = "text/plain"
  ) -> Response {
    Response(
      status: status, headers: [.contentType: type],
      body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
  }
}
