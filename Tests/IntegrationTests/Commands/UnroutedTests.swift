import AMQP
import Foundation
import Testing

@Suite(
  "Unrouted messages are looked at, replayed and thrown away",
  .enabled(if: TestBroker.isThere, Comment(rawValue: TestBroker.reason)),
  .timeLimit(.minutes(5)))
struct UnroutedTests {
  @Test func `What found no queue is kept, goes back when there is one, and is never lost between`()
    async throws
  {
    let service = try ServiceProcess(brokerURL: try #require(TestBroker.url))
    let prefix = service.prefix
    #expect(try service.run(["topology", "apply"]).0 == 0)
    let client = try await TestBroker.client(service.brokerURL)
    try await client.perform([.deleteQueue(name: "\(prefix).realtime.00")])
    var messages = (0..<5).map { TestEvents.message("u-\($0)", lane: "realtime", prefix: prefix) }
    messages[4].messageID = nil
    messages[4].isMandatory = false
    messages[4].routingKey = "some.other"
    #expect(try await client.publish(messages).allSatisfy { $0 == .confirmed })
    let queue = "\(prefix).unrouted"
    for arguments in [["list"], ["show"], ["replay", "--all", "--dry-run"]] {
      let (code, out, err) = try service.run(["unrouted"] + arguments)
      #expect(code == 0 && out.contains("u-0") && out.contains("u-3"), "\(out)\(err)")
      #expect(try await client.depth(of: queue).messages == 5)
    }
    let (_, json, _) = try service.run(["unrouted", "list", "--json", "--limit", "1"])
    #expect(json.contains(#""exchange":"\#(prefix).realtime","routingKey":"order_confirmation""#))
    #expect(json.contains(#""lane":"realtime""#), "\(json)")
    // Nothing is bound yet: it comes back, and that is said.
    let (early, _, why) = try service.run(["unrouted", "replay", "--id", "u-1"])
    #expect(early == 69 && why.contains("still has no queue"), "\(why)")
    #expect(try await client.depth(of: queue).messages == 5)
    #expect(try service.run(["unrouted", "discard"]).0 == 64)
    let (thrown, out, _) = try service.run(["unrouted", "discard", "--id", "u-3"])
    #expect(thrown == 0 && out.contains("discarded 1 of 5 unrouted"), "\(out)")
    #expect(try service.run(["topology", "apply"]).0 == 0)
    let (first, _, problem) = try service.run(["unrouted", "replay", "--all", "--limit", "1"])
    #expect(first == 0, "\(problem)")
    let (code, text, err) = try service.run(["unrouted", "replay", "--all", "--json"])
    #expect(code == 0 && text.contains(#""replayed":3"#), "\(text)\(err)")
    #expect(try await client.depth(of: queue).messages == 0)
    #expect(try await client.depth(of: "\(prefix).realtime.00").messages == 4)
    #expect(try service.run(["unrouted", "list"]).1.contains("nothing is unrouted"))
    await client.close()
  }

  @Test
  func `One that is too large to be read is listed, and no command but discard takes it away`()
    async throws
  {
    let service = try ServiceProcess(brokerURL: try #require(TestBroker.url))
    #expect(try service.run(["topology", "apply"]).0 == 0)
    let client = try await TestBroker.client(service.brokerURL)
    try await client.perform([.deleteQueue(name: "\(service.prefix).batch.00")])
    var large = TestEvents.message("large", lane: "batch", prefix: service.prefix)
    large.body = Array(repeating: UInt8(ascii: "x"), count: 16 << 20 + 10)
    _ = try await client.publish([large])
    let queue = "\(service.prefix).unrouted"
    for arguments in [
      ["list"], ["show"], ["replay", "--all", "--dry-run"], ["discard", "--id", "other"],
      ["discard", "--all", "--dry-run"],
    ] {
      let (code, out, err) = try service.run(["unrouted"] + arguments)
      #expect(code == 0, "\(arguments): \(out)\(err)")
      #expect(try await client.depth(of: queue).messages == 1, "\(arguments)")
    }
    let (replayed, _, why) = try service.run(["unrouted", "replay", "--all"])
    #expect(replayed == 65 && why.contains("they stay unrouted"), "\(why)")
    #expect(try await client.depth(of: queue).messages == 1)
    #expect(try service.run(["unrouted", "discard", "--all"]).0 == 0)
    #expect(try await client.depth(of: queue).messages == 0)
    await client.close()
  }
}
