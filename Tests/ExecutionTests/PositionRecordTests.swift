import LogSequence
import Messages
import Testing

@testable import Execution

@Suite("Position records")
struct PositionRecordTests {
  private static let record = {
    var totals = ShardTotals()
    totals.stuck = 3
    for (number, lane) in Lane.allCases.enumerated() {
      totals[lane].accepted = 1000 + number
      totals[lane].duplicates = 2000 + number
      totals[lane].parked = 3000 + number
      for index in Status.allCases.indices {
        totals[lane].counts[index] = 100 * (number + 1) + index
      }
    }
    return PositionRecord(outbox: 7, logWatch: .max, totals: totals)
  }()

  private static func bytes() -> [UInt8] {
    var bytes: [UInt8] = []
    record.write(to: &bytes)
    return bytes
  }

  private func read(_ bytes: [UInt8]) -> PositionRecord? {
    bytes.withUnsafeBytes { PositionRecord($0) }
  }

  @Test func `What is written is read, and says its version`() {
    let bytes = Self.bytes()
    #expect(read(bytes) == Self.record)
    #expect(bytes.suffix(4) == [2, 0, 2, 0])
  }

  @Test func `The numbers of version 1 stay where they are`() {
    #expect(PositionRecord.firstByteCount == 184)
  }

  @Test func `A record without a version is read as before`() {
    #expect(read(Array(Self.bytes().dropLast(4))) == Self.record)
  }

  @Test func `What a newer program adds behind is passed over`() {
    var bytes = Self.bytes()
    bytes.replaceSubrange(184..<188, with: [9, 0, 2, 0])
    #expect(read(bytes + [UInt8](repeating: 0xAB, count: 40)) == Self.record)
  }

  @Test
  func `A record that only a newer program can read is refused, as is one that is cut or forged`() {
    let bytes = Self.bytes()
    func versions(_ version: [UInt8]) -> [UInt8] { bytes.dropLast(4) + version }
    #expect(read(versions([3, 0, 3, 0])) == nil, "readable since 3")
    #expect(read(versions([0, 0, 0, 0])) == nil, "no version")
    #expect(read(versions([2, 0, 1, 0])) == nil, "version 1 has no version")
    #expect(read(versions([1, 0, 2, 0])) == nil, "older than what can read it")
    for count in 0..<bytes.count where count != 184 {
      #expect(read(Array(bytes.prefix(count))) == nil, "\(count) bytes")
    }
  }

  @Test(arguments: [LSN(7), LSN(8), .max])
  func `A cursor that is ahead of its record is damage`(of cursor: LSN) throws {
    for (outbox, logWatch) in [(cursor, LSN(1)), (LSN(1), cursor)] {
      let engine = ShardEngine(
        settings: EngineSettings(shard: ShardNumber(0), prefix: "meddela", version: "test"),
        lookup: KnownNothing(), catalog: try TestTemplate.catalog())
      var bytes: [UInt8] = []
      PositionRecord(outbox: outbox, logWatch: logWatch, totals: ShardTotals()).write(to: &bytes)
      #expect(throws: EngineError.self) {
        try bytes.withUnsafeBytes { payload in
          try engine.recover(
            lsn: 7, kind: RecordKind.position.rawValue, key: EventKey(high: 0, low: 0),
            payload: payload)
        }
      }
    }
  }
}
