import LogSequence
import Messages
import Testing

@testable import EventLog
@testable import Execution
@testable import Node

/// Configured bounds that contradict each other end the start with a sentence that names the key
/// and what would do.
@Suite("Limits that belong together")
struct LimitRelationTests {
  /// The problems that a configuration has, by its flags.
  private func problems(_ flags: [String]) throws -> [String] {
    let values = try ConfigurationValues(path: nil, environment: [:], flags: flags)
    do {
      _ = try NodeConfiguration(values)
      return []
    } catch {
      return error.problems
    }
  }

  @Test func `The defaults agree with each other, and the constants do`() throws {
    #expect(try problems([]).isEmpty)
    LimitRelation.assertConstants()
  }

  @Test func `An event that would not fit a record is refused at the start, to the byte`() throws {
    let most = LimitRelation.mostEventBytes(segmentBytes: 256 << 20)
    #expect(most > 1 << 20, "the default leaves room")
    #expect(try problems(["events.maxBytes=\(most)"]).isEmpty)
    for bytes in [most + 1, 3 << 20, 16 << 20] {
      let found = try problems(["events.maxBytes=\(bytes)"])
      #expect(found.count == 1)
      #expect(found.first?.hasPrefix("--set: events.maxBytes: expected at most \(most)") == true)
    }
  }

  @Test func `The same where segments are as small as they may be`() throws {
    let most = LimitRelation.mostEventBytes(segmentBytes: 1 << 24)
    let segments = "store.segmentBytes=\(1 << 24)"
    #expect(try problems([segments, "events.maxBytes=\(most)"]).isEmpty)
    #expect(try problems([segments, "events.maxBytes=\(most + 1)"]).count == 1)
  }

  @Test func `What a record holds beside the body is what the engine may write at most`() throws {
    let facts = EventFacts(id: UnsafeRawBufferPointer(start: nil, count: 0), capacity: 0) {
      name, bytes in
      if name == .templateName {
        bytes += [UInt8](repeating: 0x61, count: Int(UInt16.max) - EventFacts.tableBytes)
      }
    }
    let reason = TransitionReason(
      code: [UInt8](repeating: 0x62, count: 128), text: [UInt8](repeating: 0x63, count: 9_000),
      providerMessageID: [UInt8](repeating: 0x64, count: 512))
    var bytes: [UInt8] = []
    var state = EventState(lane: .batch, acceptedAt: .none, bodyLSN: 1)
    for second in 1...9 as ClosedRange<Int64> {
      state.futureLogs.add(Timestamp(nanoseconds: second * 1_000_000_000), .sent)
    }
    [UInt8](repeating: 0x7B, count: 1_000).withUnsafeBytes { body in
      RecordPayload.write(
        state, facts: facts, occurredAt: .none, reason: reason, body: body, to: &bytes)
    }
    #expect(bytes.count == 1_000 + RecordPayload.mostBytesBesideBody)
  }

  @Test func `Retries that contradict each other are refused`() throws {
    let tooLong = try problems(["delivery.retryMinSeconds=20", "delivery.retryMaxSeconds=10"])
    #expect(
      tooLong == ["--set: delivery.retryMinSeconds: expected at most delivery.retryMaxSeconds"])
    #expect(
      try problems(["delivery.retryMinSeconds=10", "delivery.retryMaxSeconds=10"]).isEmpty)
    let never = try problems(["delivery.retryMinSeconds=20", "delivery.giveUpSeconds=19"])
    #expect(never.count == 1)
    #expect(never.first?.contains("expected at most delivery.giveUpSeconds") == true)
    #expect(try problems(["delivery.retryMinSeconds=20", "delivery.giveUpSeconds=20"]).isEmpty)
  }

  @Test func `A log timeout that retention would begin anew for ever is refused`() throws {
    let days = "store.retentionDays=2"
    #expect(try problems([days, "delivery.logTimeoutSeconds=172800"]).isEmpty)
    let never = try problems([days, "delivery.logTimeoutSeconds=172801"])
    #expect(never.count == 1)
    #expect(
      never.first?.contains("expected at most store.retentionDays, 172800 seconds") == true)
  }

  @Test func `A store that may not take six of the segments that are set is refused`() throws {
    let segments = "store.segmentBytes=33554432"
    #expect(try problems([segments, "store.maxBytes=201326592"]).isEmpty)
    #expect(try problems(["store.maxBytes=201326591"]).isEmpty, "smaller segments are taken")
    let little = try problems([segments, "store.maxBytes=201326591"])
    #expect(little.count == 1)
    #expect(little.first?.contains("expected at least 201326592, six segments") == true)
    #expect(try problems(["store.maxBytes=100663295"]).count == 1, "not six of the smallest")
  }

  @Test func `The longest prefix leaves room for every name`() throws {
    let longest = String(repeating: "p", count: NodeConfiguration.mostPrefixBytes)
    #expect(try problems(["topology.prefix=\(longest)"]).isEmpty)
    #expect(try problems(["topology.prefix=\(longest)p"]).count == 1)
    let channel = String(repeating: "c", count: 32)
    #expect("\(longest).deliveries.\(channel)".utf8.count <= 255)
  }

  @Test func `Each relation is one that some configuration breaks`() throws {
    let breaking = [
      ["events.maxBytes=\(16 << 20)"],
      ["delivery.retryMinSeconds=20", "delivery.retryMaxSeconds=10"],
      ["delivery.retryMinSeconds=20", "delivery.giveUpSeconds=19"],
      ["store.retentionDays=2", "delivery.logTimeoutSeconds=172801"],
      ["store.segmentBytes=33554432", "store.maxBytes=201326591"],
    ]
    #expect(breaking.count == LimitRelation.all.count)
    for (relation, flags) in zip(LimitRelation.all, breaking) {
      #expect(try problems(flags).contains { $0.contains(relation.key) }, "\(flags)")
    }
  }
}
