internal import Glibc
internal import Synchronization

/// Three brokers that are one cluster, each in a folder of its own, made with `deploy/broker`: they
/// share a cookie and a port mapper.
struct PrivateCluster: Sendable {
  private let folders: [String]
  private let script: String
  private let log: String

  init(in workspace: String) throws {
    script = try PrivateBroker.findScript()
    log = "\(workspace)/broker.log"
    folders = (0..<3).map { "\(workspace)/node\($0)" }
    let mapperPort = try MetricsClient.freePort()
    for folder in folders {
      try makeFolder(folder)
      try Self.writeSettings(folder, mapperPort)
      let cookie = "\(folder)/.erlang.cookie"
      try writeText("meddela\(getpid())", to: cookie)
      chmod(cookie, 0o400)
    }
  }

  /// As `deploy/broker` keeps them.
  private static func writeSettings(_ folder: String, _ mapperPort: UInt16) throws {
    let ports = try (0..<5).map { _ in try MetricsClient.freePort() }
    try writeText(
      """
      node=meddela-\(ports[0])-\(getpid())@localhost
      port=\(ports[0])
      dist_port=\(ports[1])
      epmd_port=\(mapperPort)
      management_port=\(ports[2])
      prometheus_port=\(ports[3])
      stream_port=\(ports[4])
      plugins=
      memory=1024

      """, to: "\(folder)/broker.env")
  }

  /// Starts the nodes and joins them.
  func start() throws {
    writeError("starting a cluster of three brokers\n")
    for node in folders.indices { _ = try call(node, "start") }
    let first = try nodeName(0)
    for node in 1...2 {
      _ = try call(node, "ctl", "stop_app")
      _ = try call(node, "ctl", "join_cluster", first)
      _ = try call(node, "ctl", "start_app")
    }
  }

  func broker(_ node: Int) throws -> PrivateBroker {
    let url = try call(node, "url").split(separator: "\n").last.map(String.init) ?? ""
    return try PrivateBroker(url: url, in: folders[node])
  }

  /// The node stands still: its connections stay open and say nothing.
  func pause(_ node: Int) throws { _ = try call(node, "pause") }
  func resume(_ node: Int) throws { _ = try call(node, "resume") }

  /// Nothing in them is wanted any more.
  func stop() {
    for node in folders.indices { _ = try? call(node, "kill") }
    for node in folders.indices { _ = try? call(node, "stop") }
  }

  private func nodeName(_ node: Int) throws -> String {
    let lines = (readText("\(folders[node])/broker.env") ?? "").split(separator: "\n")
    guard let line = lines.first(where: { $0.hasPrefix("node=") }) else {
      throw BenchFailure("\(folders[node]) has no name")
    }
    return String(line.dropFirst(5))
  }

  private func call(_ node: Int, _ words: String...) throws -> String {
    let child = try ChildProcess(
      [script, words[0], folders[node]] + words.dropFirst(), errorPath: log)
    let output = child.readOutput()
    guard child.wait().isSuccess else {
      throw BenchFailure("deploy/broker \(words.joined(separator: " ")) failed: \(log)")
    }
    return output
  }
}

/// What has to be stopped when the bench ends, however it ends.
final class OwnedBrokers: Sendable {
  private let stops = Mutex<[@Sendable () -> Void]>([])

  func add(_ stop: @escaping @Sendable () -> Void) { stops.withLock { $0.append(stop) } }

  /// Once each.
  func stop() {
    let all = stops.withLock { stops in
      defer { stops = [] }
      return stops
    }
    for stop in all { stop() }
  }
}
