internal import Glibc

/// `meddela serve` from the folder of this program, on a store that lasts for the whole run.
struct ServiceProcess {
  let child: ChildProcess
  let metrics: MetricsClient

  /// - Parameter settings: environment names and values beside, or instead of, the usual ones.
  init(_ bench: Bench, settings: [String: String] = [:]) throws {
    let port = try MetricsClient.freePort()
    child = try ChildProcess(
      [try Self.executable(), "serve"],
      environment: Self.environment(bench, httpPort: port, settings: settings),
      errorPath: bench.workspace.serviceLog)
    metrics = MetricsClient(port: port)
  }

  static func executable() throws -> String {
    let path = "\(programFolder())/meddela"
    guard access(path, X_OK) == 0 else {
      throw BenchFailure("\(path) is not there: build the product meddela in the same way")
    }
    return path
  }

  static func environment(
    _ bench: Bench, httpPort: UInt16, settings: [String: String] = [:]
  ) -> [String: String] {
    let usual = [
      "MEDDELA_BROKER_URLS": bench.broker.url,
      "MEDDELA_STORE_PATH": "\(bench.workspace.path)/store",
      "MEDDELA_TEMPLATES_PATH": "\(bench.workspace.path)/templates",
      "MEDDELA_HTTP_PORT": "\(httpPort)",
      "MEDDELA_LOG_FORMAT": "text",
      "SWIFT_BACKTRACE": "enable=no",
    ]
    return usual.merging(settings) { $1 }
  }

  /// Asks for the metrics every few milliseconds until they satisfy.
  ///
  /// - Parameter every: milliseconds. The service renews its numbers every 50 ms, and each request
  ///   costs it some 0.1 ms.
  func wait(
    for what: String, everyMilliseconds every: UInt32 = 20, limitSeconds: Double = 300,
    until isSatisfied: (Metrics) -> Bool
  ) throws -> Metrics {
    let clock = ContinuousClock()
    let end = clock.now + .seconds(limitSeconds)
    var last: Metrics?
    while clock.now < end {
      if let reading = metrics.read() {
        if isSatisfied(reading) { return reading }
        last = reading
      } else if !child.isRunning {
        throw BenchFailure("the service ended while the bench waited for \(what)")
      }
      usleep(every * 1000)
    }
    throw BenchFailure("gave up waiting for \(what): \(last?.summary ?? "no metrics were read")")
  }

  func waitUntilReady() throws {
    _ = try wait(for: "the service to be ready") { $0["ready"] == 1 }
  }

  func stop() throws {
    let exit = child.stop(withinSeconds: 40)
    guard exit.isSuccess else {
      throw BenchFailure("the service ended with wait status \(exit.status)")
    }
  }
}
