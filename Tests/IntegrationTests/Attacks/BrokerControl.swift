import Foundation

/// `deploy/broker`, run to its end.
enum BrokerScript {
  /// Foundation tells the end of a process by a descriptor that its children inherit: the node,
  /// which goes on, would keep it open.
  private static let closingDescriptors = #"""
    for fd in /proc/self/fd/*; do fd=${fd##*/}; [ "$fd" -le 2 ] || eval "exec $fd>&-"; done
    exec "$0" "$@"
    """#

  @discardableResult
  static func run(_ verb: String, _ folder: URL, _ arguments: [String] = []) throws -> String {
    let script = ServiceProcess.repository.appendingPathComponent("deploy/broker").path
    let (code, out, err) = try Command.run(
      "/bin/bash", ["-c", closingDescriptors, script, verb, folder.path] + arguments,
      ProcessInfo.processInfo.environment, in: URL(fileURLWithPath: "/var/tmp"))
    guard code == 0 else { throw Timeout(what: "deploy/broker \(verb) works: \(err)") }
    return out
  }
}

/// What rabbitmqctl can do to a broker that deploy/broker has started.
struct BrokerControl {
  let folder: URL

  @discardableResult
  func run(_ arguments: String...) throws -> String {
    try BrokerScript.run("ctl", folder, ["--quiet"] + arguments)
  }

  /// A setting of the broker, for connections that are opened from now on.
  func setting(_ name: String, _ value: Int) throws {
    try run("eval", "application:set_env(rabbit, \(name), \(value)).")
  }

  /// The queue holds so many messages, and refuses what comes beyond.
  func limit(_ queue: String, to count: Int) throws {
    let pattern = "^" + queue.replacingOccurrences(of: ".", with: "\\.") + "$"
    let policy = #"{"max-length":\#(count),"overflow":"reject-publish"}"#
    try run("set_policy", "--apply-to", "queues", "limit-\(queue)", pattern, policy)
  }

  func clearLimit(_ queue: String) throws {
    try run("clear_policy", "limit-\(queue)")
  }

  /// Messages of a queue, those under way to a consumer among them.
  func total(_ queue: String) throws -> Int {
    let lines = try run("list_queues", "name", "messages").split(separator: "\n")
    let line = lines.first { $0.hasPrefix(queue + "\t") }
    return line?.split(separator: "\t").last.flatMap { Int($0) } ?? 0
  }

  /// Waits until the service has acknowledged whatever came by its three queues.
  func waitUntilSettled(_ service: ServiceProcess, seconds: Double = 60) async throws {
    let inlets = ["realtime.00", "batch.00", "delivery-logs.00"]
    try await eventually("all that came in is acknowledged", seconds: seconds) {
      try inlets.allSatisfy { try total("\(service.prefix).\($0)") == 0 }
    }
  }
}
