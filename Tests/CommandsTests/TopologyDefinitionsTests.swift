import Foundation
import Testing

@testable import Commands
@testable import Node

@Suite struct TopologyDefinitionsTests {
  private static let deploy = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "deploy")

  @Test func `The definitions that are deployed are those that the program makes`() throws {
    let topology = Topology(
      prefix: "meddela", channels: ["email", "push-android", "sms"], hasHistory: true)
    let deployed = try String(
      contentsOf: Self.deploy.appending(path: "definitions.json"), encoding: .utf8)
    #expect(deployed == TopologyDefinitions.text(topology, vhost: "/") + "\n")
  }

  @Test func `Names of any kind stay JSON, and a ring is a binding to an exchange`() throws {
    let topology = Topology(
      prefix: "m", shards: ShardSet(count: 2), channels: [], hasHistory: false)
    let text = TopologyDefinitions.text(topology, vhost: "a \"b\"")
    let object = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
    let bindings = try #require(object?["bindings"] as? [[String: Any]])
    #expect(bindings.allSatisfy { $0["vhost"] as? String == "a \"b\"" })
    let ring = bindings.filter { $0["destination_type"] as? String == "exchange" }
    #expect(ring.map { $0["destination"] as? String } == ["m.realtime.shards", "m.batch.shards"])
  }
}
