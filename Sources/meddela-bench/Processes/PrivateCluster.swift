internal import Synchronization

/// Three brokers that are one cluster, each in a folder of its own, made with `deploy/broker`.
struct PrivateCluster: Sendable {
  private let folders: [String]
  private let script: String
  private let log: String

  init(in workspace: String) throws {
    script = try PrivateBroker.findScript()
    log = "\(workspace)/broker.log"
    folders = (0..<3).map { "\(workspace)/node\($0)" }
  }

  /// Starts the nodes and joins them.
  func start() throws {
    writeError("starting a cluster of three brokers\n")
    _ = try call(0, "start")
    for node in 1...2 { _ = try call(node, "start", "--join", folders[0]) }
  }

  func broker(_ node: Int) throws -> PrivateBroker {
    let url = try call(node, "url").split(separator: "\n").last.map(String.init) ?? ""
    return try PrivateBroker(url: url, in: folders[node])
  }

  /// The node stands still: its connections stay open and say nothing.
  func pause(_ node: Int) throws { _ = try call(node, "pause") }
  func resume(_ node: Int) throws { _ = try call(node, "resume") }

  /// Nothing in them is wanted any more. The first keeps the others' port mapper: it is the last.
  func stop() {
    for node in folders.indices { _ = try? call(node, "kill") }
    for node in folders.indices.reversed() { _ = try? call(node, "stop") }
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
