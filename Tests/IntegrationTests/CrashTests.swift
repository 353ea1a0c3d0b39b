import AMQP
import EventLog
import Foundation
import TestSupport
import Testing

@Suite(
  "Kill -9 and broker restarts under load",
  .enabled(if: TestBroker.isThere, Comment(rawValue: TestBroker.reason)),
  .timeLimit(.minutes(30)))
struct CrashTests {
  /// Rounds of kill and restart; more on demand: MEDDELA_TEST_CRASH_ROUNDS=200.
  static let rounds =
    ProcessInfo.processInfo.environment["MEDDELA_TEST_CRASH_ROUNDS"].flatMap { Int($0) } ?? 20

  @Test func `Every confirmed event ends final, and no confirmed delivery is published again`()
    async throws
  {
    let seed = UInt64.random(in: 0..<1_000_000)
    print("crash rounds with seed \(seed)")
    var random = SeededRandom(seed)
    let broker = try OwnBroker()
    let service = try ServiceProcess(brokerURL: broker.url)
    try service.start()
    try await service.waitUntilConsuming()
    let traffic = try await Traffic(service)
    var breaks: [ClosedRange<Double>] = []
    for round in 0..<Self.rounds {
      try await Task.sleep(for: .milliseconds(Int(random.next() % 1_200)))
      let began = Date().timeIntervalSince1970
      if round % 7 == 6 {
        try broker.restart()
      } else {
        service.kill()
        try service.start()
      }
      breaks.append(began...Date().timeIntervalSince1970)
    }
    let ids = try await traffic.endLoad()
    #expect(ids.count > 100, "there was load")
    try await eventually("all \(ids.count) events are final (seed \(seed))", seconds: 300) {
      try self.openEvents(service, ids).isEmpty
    }
    #expect(try await service.stop() == 0)
    let again = try deliveredAgain(service, await traffic.engine.deliveries, breaks)
    #expect(again.isEmpty, "seed \(seed): \(again.prefix(3))")
    await traffic.close()
  }

  /// The events that the store has not as final.
  private func openEvents(_ service: ServiceProcess, _ ids: [String]) throws -> Set<String> {
    var open = Set(ids)
    let reader = try EventLogReader(path: "\(service.storePath)/00")
    try reader.forEachRecord { record in
      guard record.header.flags.contains(.event) else { return }
      let id = String(decoding: record.id, as: UTF8.self)
      if record.header.flags.contains(.final) { open.remove(id) } else { open.insert(id) }
    }
    return open
  }

  /// Deliveries that came twice though nothing broke between their acceptance and the record of
  /// their confirmation.
  private func deliveredAgain(
    _ service: ServiceProcess, _ deliveries: [String], _ breaks: [ClosedRange<Double>]
  ) throws -> [String] {
    var counts: [String: Int] = [:]
    for id in deliveries { counts[id, default: 0] += 1 }
    let repeated = Set(counts.filter { $0.value > 1 }.keys)
    var accepted: [String: Double] = [:]
    var confirmed: [String: Double] = [:]
    try EventLogReader(path: "\(service.storePath)/00").forEachRecord { record in
      guard record.header.flags.contains(.event) else { return }
      let id = "\(String(decoding: record.id, as: UTF8.self)).00.1"
      let time = Double(record.header.time) / 1e9
      if accepted[id] == nil { accepted[id] = time }
      if record.header.status != 1, confirmed[id] == nil { confirmed[id] = time }
    }
    return repeated.filter { id in
      let from = accepted[id] ?? 0
      let to = confirmed[id] ?? .infinity
      return !breaks.contains { $0.overlaps(from...max(from, to)) }
    }
  }
}
