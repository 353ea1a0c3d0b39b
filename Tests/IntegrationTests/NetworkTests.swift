import AMQP
import Foundation
import Testing

/// In a network namespace of its own, where firewall rules are nobody else's: deploy/test sees to
/// that.
@Suite(
  "A network that is cut",
  .enabled(
    if: ProcessInfo.processInfo.environment["MEDDELA_TEST_NAMESPACE"] == "1",
    "deploy/test runs it in a network namespace, where it may set firewall rules"),
  .timeLimit(.minutes(15)))
struct NetworkTests {
  private func iptables(_ arguments: [String], _ folder: URL) throws {
    let (code, _, err) = try Command.run(
      "/usr/bin/env", ["iptables"] + arguments, ProcessInfo.processInfo.environment, in: folder)
    guard code == 0 else { throw Timeout(what: "iptables works: \(err)") }
  }

  @Test(arguments: [["DROP"], ["REJECT", "--reject-with", "tcp-reset"]])
  func `Packets vanish, connections are reset: each confirmed event is sent in the end`(
    _ target: [String]
  ) async throws {
    let broker = try OwnBroker()
    let port = try #require(broker.url.split(separator: ":").last.map(String.init))
    let service = try ServiceProcess(brokerURL: broker.url)
    try service.start(["MEDDELA_BROKER_HEARTBEAT_SECONDS": "5"])
    try await service.waitUntilConsuming()
    let traffic = try await Traffic(service)
    for _ in 0..<3 {
      try await traffic.flows()
      let losses = service.connectionLosses
      try iptables(["-A", "INPUT", "-p", "tcp", "--dport", port, "-j"] + target, service.folder)
      try await eventually("the service has lost connections") {
        service.connectionLosses > losses
      }
      try iptables(["-D", "INPUT", "-p", "tcp", "--dport", port, "-j"] + target, service.folder)
    }
    try await traffic.flows()
    try await traffic.settles(try await traffic.endLoad().count)
    #expect(try await service.stop() == 0)
    await traffic.close()
  }
}

extension ServiceProcess {
  /// How often a connection was lost, or the lease, with which all of them are given up.
  fileprivate var connectionLosses: Int {
    ["connection is lost", "lease is lost"].reduce(0) { count, words in
      count + log.components(separatedBy: words).count - 1
    }
  }
}
