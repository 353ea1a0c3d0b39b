import Foundation
import JSON
import LogSequence
import Messages
import Testing

@testable import Execution
@testable import Simulation

/// Writes `records-N.txt` and `fields-N.txt` for a new format into the folder that
/// MEDDELA_TEST_MAKE_GOLDEN names: all that one engine writes in a simulated life that has every
/// kind of record and every status. The files of a format are made once, by the program that wrote
/// it, and never again.
@Suite("Makes golden payloads", .enabled(if: Golden.target != nil))
struct GoldenPayloadMaker {
  @Test func `A life with every kind of record`() throws {
    let target = try #require(Golden.target)
    for seed in UInt64(1)...3_000 {
      let records = try Self.life(seed)
      let isWhole =
        Set(records.map(\.kind)).isSuperset(of: 1...6)
        && Set(records.map(\.status)).isSuperset(of: Status.allCases.map(\.rawValue))
        && records.count <= 130
      guard isWhole else { continue }
      let lines = records.map(\.line).joined(separator: "\n") + "\n"
      let fields = try records.map { try #require(Golden.fields($0)) }.joined(separator: "\n")
      try lines.write(toFile: target + "/records-1.txt", atomically: true, encoding: .utf8)
      try (fields + "\n").write(
        toFile: target + "/fields-1.txt", atomically: true, encoding: .utf8)
      return
    }
    Issue.record("3,000 seeds, and none has every kind of record")
  }

  private static func life(_ seed: UInt64) throws -> [GoldenRecord] {
    var plan = SimulationPlan()
    plan.events = 14
    plan.steps = 500
    plan.redrives = 4
    plan.retains = true
    plan.faults = .broker
    plan.faults.crashes = 1
    plan.faults.silencePercent = 30
    plan.faults.nackPercent = 10
    let world = try Simulation(seed: seed, plan: plan)
    var random = SeededRandom(seed: ~seed)
    world.sendLog = { [unowned world] in world.send(.deliveryLogs, $1) }
    sendTraced(world)
    SimulatedLoad.send(plan, seed: seed, random: &random) { _ in world }
    for _ in 0..<plan.steps { world.step() }
    world.send(
      .deliveryLogs,
      """
      {"deliveryId":"traced.00.1","eventId":"traced","outcome":"failed",\
      "reason":{"code":"bounced","text":"Brevlådan är full"},\
      "providerMessageId":"<77@mx.example.se>","occurredAt":"2027-01-15T09:00:00.123456789Z"}
      """, ids: ["traced"])
    world.comeToRest()
    return records(of: world.log)
  }

  /// An event with all that facts may hold, outside the simulated broker.
  private static func sendTraced(_ world: Simulation) {
    let body = Array(
      """
      {"id":"traced","type":"ship","channel":"email","email":"elsa@example.se",\
      "mobilePhone":"+46701234567","origin":"butik-å","externalId":"kund 77","language":"sv-SE",\
      "expiration":"2199-01-01T00:00:00Z","ctx":{"name":"Élsa"}}
      """.utf8)
    var storage = body + [UInt8](repeating: 0x20, count: jsonPadding)
    func add(_ text: String) -> ByteRange {
      defer { storage += Array(text.utf8) }
      return ByteRange(offset: storage.count, count: text.utf8.count)
    }
    let parent = add("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
    let state = add("vendor=value")
    // Of an epoch that no channel has: nobody misses its acknowledgement.
    var message = InboundMessage(
      inlet: .realtime, channelEpoch: 9_999, deliveryTag: 1, redelivered: false,
      storage: storage, bodyCount: body.count)
    message.traceParent = parent
    message.traceState = state
    world.engine.receive(message)
  }

  private static func records(of log: ModelLog) -> [GoldenRecord] {
    var newest: [String: LSN] = [:]
    return log.records.map { record in
      let id = String(decoding: record.id, as: UTF8.self)
      var flags: UInt8 = record.kind.isOfEvent ? 1 : 0
      if record.isFinal { flags |= 2 }
      if record.isPublished { flags |= 4 }
      if record.kind == .carried { flags |= 8 }
      if record.isDriven { flags |= 16 }
      let golden = GoldenRecord(
        lsn: record.lsn, kind: record.kind.rawValue, status: record.status,
        previousStatus: record.state?.previousStatus?.rawValue ?? 0, flags: flags,
        attempt: record.state?.attempt ?? 0, time: record.time,
        previousLSN: record.kind.isOfEvent ? newest[id] ?? 0 : 0, id: id,
        payload: record.payload)
      if record.kind.isOfEvent { newest[id] = record.lsn }
      return golden
    }
  }
}
