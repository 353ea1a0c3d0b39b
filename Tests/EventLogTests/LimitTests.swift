import LogSequence
import TestSupport
import Testing

@testable import EventLog

/// What an owner is told a record may hold is what the log takes.
@Suite struct LimitTests {
  @Test(arguments: [64 << 10, 65_000, 100_000, 2 << 20, (2 << 20) + 8_192, 16 << 20])
  func `The longest payload goes in beside the longest id`(segmentBytes: Int) throws {
    let directory = TemporaryDirectory()
    let options = directory.options(segmentBytes: max(64 << 10, segmentBytes))
    let owner = Owner()
    let log = try EventLog.open(options, callbacks: owner.callbacks)
    let most = EventLog.maxPayloadBytes(segmentBytes: segmentBytes)
    #expect(most <= log.maxPayloadBytes, "rounding up a segment only makes room")
    var random = SeededRandom(UInt64(segmentBytes))
    let id = random.bytes(Limits.maxIDBytes)
    var expected: [[UInt8]] = []
    for count in [log.maxPayloadBytes, log.maxPayloadBytes - 1, most, 3] {
      let payload = random.bytes(count)
      let header = RecordHeader(
        lsn: log.nextLSN, hash: log.hash(of: id), previousLSN: log.nextLSN.previous)
      log.append(ModelRecord(header: header, id: id, payload: payload))
      log.endTurn()
      expected.append(payload)
    }
    try log.close()
    let reader = try EventLogReader(path: options.path)
    var found: [[UInt8]] = []
    try reader.forEachRecord { found.append(Array($0.payload)) }
    #expect(found == expected)
  }

  @Test func `The bound is as large as it can be`() {
    for segmentBytes in [64 << 10, 100_000, 256 << 20] {
      let most = EventLog.maxPayloadBytes(segmentBytes: segmentBytes)
      let record = Limits.maxRecordBytes(segmentBytes: segmentBytes)
      #expect(RecordCodec.length(id: Limits.maxIDBytes, payload: most) <= record)
      #expect(RecordCodec.length(id: Limits.maxIDBytes, payload: most + 1) > record)
    }
  }
}
