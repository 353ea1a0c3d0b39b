import AMQP
import Foundation
import Testing

@Suite(
  "A lease that is lost",
  .enabled(if: TestBroker.isThere, Comment(rawValue: TestBroker.reason)),
  .timeLimit(.minutes(10)))
struct LeaseTests {
  private func lease(_ prefix: String) -> TopologyOperation {
    .declareQueue(
      name: "\(prefix).owner.00.lease", isDurable: false, isExclusive: true,
      arguments: [Argument("x-queue-type", .string("classic"))])
  }

  /// Closes the owner's connection of a service, as an operator may.
  private func closeOwner(_ prefix: String) throws {
    let lines = try TestBroker.control.run("list_connections", "pid", "client_properties")
    for line in lines.split(separator: "\n") where line.contains("\(prefix).00 owner") {
      guard let pid = line.split(separator: "\t").first else { continue }
      try TestBroker.control.run("close_connection", String(pid), "test")
    }
  }

  @Test func `An owner connection that is closed stops everything for a moment, and loses nothing`()
    async throws
  {
    let service = try ServiceProcess(brokerURL: try #require(TestBroker.url))
    try service.start(servesHTTP: true)
    try await service.waitUntilConsuming()
    try await eventually("it is ready") { await service.get("ready").code == 200 }
    let client = try await TestBroker.client(service.brokerURL)
    let engine = TestEngine(client, prefix: service.prefix)
    let answering = Task { try await engine.run(channel: "email") }
    let ids = (0..<300).map { "l-\($0)" }
    for start in stride(from: 0, to: ids.count, by: 20) {
      if start == 100 || start == 200 { try closeOwner(service.prefix) }
      _ = try await client.publish(
        ids[start..<start + 20].map {
          TestEvents.message($0, lane: "realtime", prefix: service.prefix)
        })
    }
    try await eventually("the lease is back") {
      service.log.components(separatedBy: "The lease is back").count > 2
    }
    #expect(service.log.contains("The lease is lost"))
    try await eventually("every event is sent") { try service.count("sent") == ids.count }
    try await eventually("it is ready again") { await service.get("ready").code == 200 }
    answering.cancel()
    #expect(try await service.stop() == 0)
    await client.close()
  }

  @Test func `A lease that another has when the connection is back ends the process with 75`()
    async throws
  {
    let service = try ServiceProcess(brokerURL: try #require(TestBroker.url))
    try service.start(["MEDDELA_BROKER_HEARTBEAT_SECONDS": "2"])
    try await service.waitUntilConsuming()
    let client = try await TestBroker.client(service.brokerURL)
    // Deleted under its owner, who notices with the next but one record.
    try TestBroker.control.run("delete_queue", "\(service.prefix).owner.00.lease")
    try await client.perform([lease(service.prefix)])
    let process = try #require(service.process)
    try await eventually("it ends", seconds: 60) { !process.isRunning }
    #expect(process.terminationStatus == 75)
    #expect(service.log.contains("another service owns"))
    await client.close()
    // With the lease free it is the recorded store, and goes on.
    try service.start()
    try await service.waitUntilConsuming(starts: 2)
    #expect(try await service.stop() == 0)
  }

  @Test func `An owner queue that is deleted is made again, with its record`() async throws {
    let service = try ServiceProcess(brokerURL: try #require(TestBroker.url))
    try service.start()
    try await service.waitUntilConsuming()
    let client = try await TestBroker.client(service.brokerURL)
    let queue = "\(service.prefix).owner.00"
    try await client.perform([.deleteQueue(name: queue)])
    try await eventually("the record is back", seconds: 60) {
      (try? await client.depth(of: queue).messages) == 1
    }
    // One record, however often it is replaced.
    try await Task.sleep(for: .seconds(25))
    #expect(try TestBroker.control.total(queue) == 1)
    #expect(try await service.stop() == 0)
    #expect(try TestBroker.control.total(queue) >= 1)
    await client.close()
  }

  @Test func `An account without the right to configure needs the lease's name, and is told so`()
    async throws
  {
    let service = try ServiceProcess(brokerURL: try #require(TestBroker.url))
    #expect(try service.run(["topology", "apply"]).0 == 0)
    let control = TestBroker.control
    let (user, password) = (service.prefix, "secret")
    try control.run("add_user", user, password)
    try control.run("set_permissions", user, "^$", ".*", ".*")
    let more = [
      "MEDDELA_BROKER_URLS": service.brokerURL.replacingOccurrences(of: "guest:guest@", with: ""),
      "MEDDELA_BROKER_USERNAME": user, "MEDDELA_BROKER_PASSWORD": password,
      "MEDDELA_TOPOLOGY_MODE": "assert",
    ]
    let (code, _, text) = try service.run(["serve"], more)
    #expect(code == 77)
    #expect(text.contains("configure permission on the queue \(service.prefix).owner.00.lease"))
    try control.run("set_permissions", user, "\\.owner\\.[0-9]+\\.lease$", ".*", ".*")
    try service.start(more)
    try await service.waitUntilConsuming()
    #expect(try await service.stop() == 0)
    try control.run("delete_user", user)
  }
}
