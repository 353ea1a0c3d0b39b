import AMQP
import Foundation
import Testing

@Suite(
  "Commands wait for what is not there yet, and take nothing that is not theirs",
  .enabled(if: TestBroker.isThere, Comment(rawValue: TestBroker.reason)),
  .timeLimit(.minutes(5)))
struct WaitingTests {
  @Test func `Watch, deliver and publish may be started before the service`() async throws {
    let service = try ServiceProcess(brokerURL: try #require(TestBroker.url))
    let delivering = try RunningCommand(service, ["deliver", "--channel", "email", "--count", "3"])
    let watching = try RunningCommand(service, ["watch", "--status", "sent", "--count", "3"])
    let path = try service.file(
      "events.json", (0..<3).map { TestEvents.body("run-\($0)") }.joined(separator: "\n"))
    let publishing = try RunningCommand(service, ["publish", "--timeout", "60", path])
    try await eventually("each says what it waits for") {
      delivering.err.contains("waiting for the queue \(service.prefix).deliveries.email")
        && watching.err.contains("waiting for the exchange \(service.prefix).status")
        && publishing.err.contains("waiting for the exchange \(service.prefix).realtime")
    }
    try service.start()
    #expect(try await publishing.end() == 0, "\(publishing.err)")
    #expect(try await delivering.end() == 0, "\(delivering.err)")
    #expect(try await watching.end() == 0, "\(watching.err)")
    #expect(watching.out.components(separatedBy: "run-").count == 4, "\(watching.out)")
    #expect(try await service.stop() == 0)
  }

  @Test
  func `A count of deliveries is exact, and what is no delivery stays in its queue`() async throws {
    let service = try ServiceProcess(brokerURL: try #require(TestBroker.url))
    let prefix = service.prefix
    #expect(try service.run(["topology", "apply"]).0 == 0)
    let client = try await TestBroker.client(service.brokerURL)
    func delivery(_ number: Int) -> ClientMessage {
      var message = ClientMessage(
        exchange: "\(prefix).deliveries", routingKey: "email.realtime.x",
        body: Array(#"{"deliveryId":"d-\#(number).00.1","eventId":"d-\#(number)"}"#.utf8))
      message.messageID = "d-\(number).00.1"
      message.replyTo = "\(prefix).delivery-logs.00"
      return message
    }
    var foreign = delivery(0)
    foreign.body = Array("what is this".utf8)
    foreign.messageID = "foreign"
    var large = delivery(0)
    large.body = Array(repeating: UInt8(ascii: "x"), count: 16 << 20 + 10)
    _ = try await client.publish([foreign, large] + (0..<40).map(delivery))
    let queue = "\(prefix).deliveries.email"
    let (code, _, err) = try service.run(["deliver", "--count", "7"])
    #expect(code == 0 && err.contains("delivered 7"), "\(err)")
    #expect(err.contains("foreign is no delivery") && err.contains("it stays there"), "\(err)")
    #expect(try await client.depth(of: "\(prefix).delivery-logs.00").messages == 7)
    try await eventually("the rest is in the queue again") {
      try await client.depth(of: queue).messages == 35
    }
    #expect(try await client.depth(of: "\(prefix).parked").messages == 0)
    let (second, _, why) = try service.run(["deliver", "--count", "33"])
    #expect(second == 0 && why.contains("delivered 33"), "\(why)")
    try await eventually("only what is no delivery is left") {
      try await client.depth(of: queue).messages == 2
    }
    #expect(try await client.depth(of: "\(prefix).parked").messages == 0)
    await client.close()
  }

  @Test func `A watcher whose queue is deleted makes it again`() async throws {
    let service = try ServiceProcess(brokerURL: try #require(TestBroker.url))
    #expect(try service.run(["topology", "apply"]).0 == 0)
    let client = try await TestBroker.client(service.brokerURL)
    let watching = try RunningCommand(service, ["watch", "--json", "--count", "1"])
    func queue() throws -> String? {
      try TestBroker.control.run("list_queues", "name").split(separator: "\n").map(String.init)
        .first { $0.hasPrefix("\(service.prefix).watch.") }
    }
    try await eventually("it watches") {
      guard let queue = try queue() else { return false }
      return try await client.depth(of: queue).consumers == 1
    }
    try await client.perform([.deleteQueue(name: try #require(try queue()))])
    try await eventually("it has made its queue again") { try queue() != nil }
    var update = ClientMessage(
      exchange: "\(service.prefix).status", routingKey: "sent.realtime.email.x",
      body: Array(#"{"eventId":"w-1"}"#.utf8))
    update.messageID = "w-1.00.1"
    _ = try await client.publish([update])
    #expect(try await watching.end() == 0, "\(watching.err)")
    #expect(watching.out.contains("w-1") && watching.err.contains("trying again"))
    await client.close()
  }

  @Test
  func `A broker that takes nothing, or stands still, is told within the time limit`() async throws
  {
    let broker = try OwnBroker()
    let service = try ServiceProcess(brokerURL: broker.url)
    #expect(try service.run(["topology", "apply", "--timeout", "60"]).0 == 0)
    let path = try service.file("one.json", TestEvents.body("one"))
    #expect(try service.run(["publish", "--timeout", "60", path]).0 == 0)
    try broker.setAlarm(true)
    var said = ""
    try await eventually("the broker's alarm is told") {
      let (code, _, err) = try service.run(["publish", "--timeout", "2", path])
      said = err
      return code == 69
    }
    #expect(said.contains("publishers-blocked") && said.contains("publish them again"), "\(said)")
    try broker.setAlarm(false)
    try await eventually("it takes messages again") {
      try service.run(["publish", "--timeout", "60", path]).0 == 0
    }
    try broker.pause()
    let start = Date()
    let (code, _, err) = try service.run(["publish", "--timeout", "2", path])
    #expect(code == 69 && err.contains("waiting for the broker"), "\(err)")
    #expect(Date().timeIntervalSince(start) < 30)
    try broker.resume()
  }
}
