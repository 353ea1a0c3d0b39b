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

  @Test(
    "Packets that vanish and connections that are reset: every confirmed event is sent in the end",
    arguments: [["DROP"], ["REJECT", "--reject-with", "tcp-reset"]])
  func cut(_ target: [String]) async throws {
    let broker = try OwnBroker()
    let port = try #require(broker.url.split(separator: ":").last.map(String.init))
    let service = try ServiceProcess(brokerURL: broker.url)
    try service.start(["MEDDELA_BROKER_HEARTBEAT_SECONDS": "5"])
    try await service.waitUntilConsuming()
    let client = try await TestBroker.client(broker.url)
    let engine = TestEngine(client, prefix: service.prefix)
    let delivering = Task { try await engine.run(channel: "email") }
    let load = Load(client, prefix: service.prefix)
    let publishing = Task { try await load.run() }
    for _ in 0..<3 {
      let before = await load.confirmed.count
      try await eventually("there is load") { await load.confirmed.count > before + 100 }
      let losses = service.log.components(separatedBy: "connection is lost").count
      try iptables(["-A", "INPUT", "-p", "tcp", "--dport", port, "-j"] + target, service.folder)
      try await eventually("the service has lost connections") {
        service.log.components(separatedBy: "connection is lost").count >= losses + 3
      }
      try iptables(["-D", "INPUT", "-p", "tcp", "--dport", port, "-j"] + target, service.folder)
    }
    let before = await load.confirmed.count
    try await eventually("it goes on") { await load.confirmed.count > before + 100 }
    publishing.cancel()
    let count = await load.confirmed.count
    try await eventually("every confirmed event is sent", seconds: 300) {
      let (_, out, _) = try service.run(["events", "list", "--json", "--status", "sent"])
      return out.split(separator: "\n").count >= count
    }
    let (_, open, _) = try service.run(["events", "list", "--json", "--status", "pending"])
    #expect(open.isEmpty)
    delivering.cancel()
    #expect(try await service.stop() == 0)
    await client.close()
  }
}
