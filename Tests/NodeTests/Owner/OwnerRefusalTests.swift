import EventLog
import LogSequence
import Messages
import Testing

@testable import Node

@Suite struct OwnerRefusalTests {
  private static func record(_ lineage: UInt64, _ epoch: UInt64, _ lsn: LSN) -> OwnerRecord {
    OwnerRecord(
      standing: StoreStanding(storeID: "aa", lineage: lineage, epoch: epoch, lsn: lsn),
      host: "mail-1\u{1b}[2J", time: Timestamp(nanoseconds: 1_800_000_000_000_000_000))
  }

  private static let recorded = record(1, 5, 100)

  @Test(arguments: [
    (StoreStanding(storeID: "aa", lineage: 1, epoch: 5, lsn: 100), OwnerRefusal?.none),
    (StoreStanding(storeID: "aa", lineage: 1, epoch: 9, lsn: 900), nil),
    (
      StoreStanding(storeID: "aa", lineage: 1, epoch: 5, lsn: 99),
      .behind(recorded, missing: 1)
    ),
    (
      StoreStanding(storeID: "aa", lineage: 1, epoch: 4, lsn: 100),
      .behind(recorded, missing: 0)
    ),
    (
      StoreStanding(storeID: "aa", lineage: 0, epoch: 9, lsn: 900),
      .behind(recorded, missing: 0)
    ),
    (
      StoreStanding(storeID: "aa", lineage: 2, epoch: 5, lsn: 40),
      .restored(recorded, missing: 60)
    ),
    (StoreStanding(storeID: "bb", lineage: 1, epoch: 5, lsn: 100), .otherStore(recorded)),
  ])
  func `A store of the same identity has the queues when it is nowhere behind its record`(
    store: StoreStanding, expected: OwnerRefusal?
  ) {
    #expect(OwnerRefusal.judge(Self.recorded, unreadable: false, store) == expected)
  }

  @Test func `Without a record the queues are nobody's, unless something else lies there`() {
    #expect(OwnerRefusal.judge(nil, unreadable: false, nil) == nil)
    #expect(OwnerRefusal.judge(nil, unreadable: true, nil) == .unreadable)
    #expect(OwnerRefusal.judge(Self.recorded, unreadable: true, nil) == .otherStore(Self.recorded))
  }

  @Test
  func `A refusal names the owner, what is missing and what to do, and no control character`() {
    let queues = OwnedQueues(prefix: "meddela", vhost: "/", shard: .first, storePath: "data/00")
    let held = OwnerRefusal.held(by: Self.recorded).error(queues)
    #expect(held.exitCode == 75)
    for part in ["mail-1?[2J", "store aa", "shard 00", "prefix meddela", "shards.standby"] {
      #expect(held.message.contains(part), "\(part): \(held.message)")
    }
    let behind = OwnerRefusal.behind(Self.recorded, missing: 7).error(queues)
    #expect(behind.exitCode == 78)
    #expect(behind.message.contains("7 records of the owner are missing"))
    for refusal in [
      OwnerRefusal.otherStore(Self.recorded), .restored(Self.recorded, missing: 1), .unreadable,
    ] {
      let error = refusal.error(queues)
      #expect(error.exitCode == 78)
      #expect(error.message.contains("meddela shards adopt"))
      #expect(!error.message.contains("\u{1b}"))
    }
    #expect(OwnerRefusal.held(by: nil).error(queues).exitCode == 75)
  }

  @Test func `Of several records the one of the higher lineage, epoch and LSN is the newest`() {
    let records = [
      Self.record(0, 9, 900), Self.record(1, 2, 5), Self.record(1, 2, 7), Self.record(1, 1, 90),
    ]
    #expect(records.max(by: OwnerRecord.isOlder) == records[2])
    #expect(records.reversed().max(by: OwnerRecord.isOlder) == records[2])
  }

  @Test func `A record has the bytes that it always had`() throws {
    let record = OwnerRecord(
      standing: StoreStanding(storeID: "3c94d1f0", lineage: 2, epoch: 7, lsn: 1_042),
      host: "värd \"1\"", time: try #require(Timestamp(rfc3339: "2026-12-24T07:00:00.25+01:00")))
    #expect(
      String(decoding: record.body(shard: ShardNumber(3)), as: UTF8.self)
        == #"{"schemaVersion":1,"shard":"03","identity":"3c94d1f0","lineage":2,"epoch":7,"#
        + #""lsn":1042,"host":"värd \"1\"","time":"2026-12-24T06:00:00.250Z"}"#)
    let message = OwnerMessage(
      record: record, exchange: "", queue: "meddela.owner.03", shard: ShardNumber(3), serial: 9)
    #expect(message.messageID == "meddela.owner.03.7.9")
    #expect(OwnerRecord.contentType == "application/json" && OwnerRecord.type == "meddela.owner")
  }

  @Test func `A record reads back as it was written`() throws {
    var record = Self.record(3, .max >> 2, LSN(1 << 48))
    record.host = "värd \"1\"\u{0}"
    #expect(OwnerRecord(body: record.body(shard: .first)) == record)
  }

  @Test(arguments: [
    "", "{}", "[]", "null", "\u{0}", "{\"identity\":1}", String(repeating: "[", count: 5_000),
    #"{"identity":"a","host":"h","lineage":-1,"epoch":1,"lsn":1,"time":"2026-01-01T00:00:00Z"}"#,
    #"{"identity":"a","host":"h","lineage":0.5,"epoch":1,"lsn":1,"time":"2026-01-01T00:00:00Z"}"#,
    #"{"identity":"a","host":"h","lineage":0,"epoch":1,"lsn":1,"time":"yesterday"}"#,
    #"{"identity":"a","host":"h","lineage":0,"epoch":1,"time":"2026-01-01T00:00:00Z"}"#,
  ])
  func `What is no record is none, and hurts nobody`(text: String) {
    #expect(OwnerRecord(body: Array(text.utf8)) == nil)
  }

  @Test func `Fields that are added later are passed over`() {
    let text = """
      {"schemaVersion":2,"new":{"x":[1]},"identity":"aa","host":"h","lineage":1,"epoch":5,\
      "lsn":100,"time":"2027-01-15T08:00:00.000Z"}
      """
    var expected = Self.recorded
    expected.host = "h"
    #expect(OwnerRecord(body: Array(text.utf8)) == expected)
  }
}
