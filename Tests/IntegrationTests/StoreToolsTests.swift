import Foundation
import Testing

@Suite(
  "The commands on the store, beside the running service",
  .enabled(if: TestBroker.isThere, Comment(rawValue: TestBroker.reason)),
  .timeLimit(.minutes(10)))
struct StoreToolsTests {
  private static let count = 60

  /// A service that has taken in events that no engine answers.
  private func service() async throws -> ServiceProcess {
    let service = try ServiceProcess(brokerURL: try #require(TestBroker.url))
    try service.start()
    try await service.waitUntilConsuming()
    let (code, _, err) = try service.run(["publish", "--generate", "\(Self.count)"])
    #expect(code == 0, "\(err)")
    try await eventually("every event is delivered") {
      try lines(service, ["events", "list", "--status", "pending-delivery", "--json"]).count
        == Self.count
    }
    return service
  }

  private func lines(
    _ service: ServiceProcess, _ arguments: [String], store: String? = nil
  ) throws -> [String] {
    let more = store.map { ["MEDDELA_STORE_PATH": $0] } ?? [:]
    let (code, out, err) = try service.run(arguments, more)
    #expect(code == 0, "\(arguments): \(err)")
    return out.split(separator: "\n").map(String.init)
  }

  @Test func `A backup made beside the service restores to the same events`() async throws {
    let service = try await service()
    let backup = service.folder.appendingPathComponent("backup").path
    let restored = service.folder.appendingPathComponent("restored").path
    _ = try lines(service, ["store", "verify"])
    _ = try lines(service, ["store", "backup", backup])
    _ = try lines(service, ["store", "restore", backup], store: restored)
    // Sorted: a large log is exported part by part.
    let before = try lines(service, ["store", "export"]).sorted()
    #expect(before.count == Self.count)
    // A restored store begins another lineage, and is the same but for that.
    let after = try lines(service, ["store", "export"], store: restored).sorted()
    #expect(after.allSatisfy { $0.contains(#""lineage":1"#) })
    #expect(
      after.map { $0.replacingOccurrences(of: #""lineage":1"#, with: #""lineage":0"#) } == before)
    let stat = try lines(service, ["store", "stat", "--json"], store: restored).joined()
    #expect(stat.contains("\"events\":\(Self.count)"))
    // Neither command writes over what is there.
    #expect(try service.run(["store", "backup", backup]).0 == 73)
    #expect(try service.run(["store", "restore", backup]).0 == 73)
    #expect(try await service.stop() == 0)
  }

  @Test func `Damage is named with its file, and ends the command with 65`() async throws {
    let service = try await service()
    #expect(try await service.stop() == 0)
    let segment = service.storePath + "/00/segments/0000000000000001.log"
    var bytes = try Data(contentsOf: URL(fileURLWithPath: segment))
    bytes[4096 + 200] ^= 1
    try bytes.write(to: URL(fileURLWithPath: segment))
    let (code, out, _) = try service.run(["store", "verify", "--json"])
    #expect(code == 65)
    #expect(out.contains("\"file\":\"\(segment)\""))
    #expect(out.contains("\"sound\":false"))
  }

  @Test func `Events are found by address, external id, time, and counted`() async throws {
    let service = try await service()
    let list = ["events", "list", "--json"]
    let one = try lines(service, list + ["--to", "customer7@example.se"])
    #expect(one.count == 1)
    #expect(one.first?.contains("-7\"") == true)
    #expect(try lines(service, list + ["--external-id", "cust-8"]).count == 1)
    #expect(try lines(service, list + ["--since", "2100-01-01T00:00:00Z"]).isEmpty)
    #expect(try lines(service, list + ["--until", "2100-01-01T00:00:00Z"]).count == Self.count)
    #expect(try lines(service, list + ["--lane", "batch"]).isEmpty)
    #expect(try service.run(list + ["--since", "yesterday"]).0 == 64)
    let csv = try lines(service, ["store", "export", "--format", "csv"])
    #expect(csv.count == 1 + 2 * Self.count)
    #expect(try await service.stop() == 0)
  }
}
