import Foundation
import LogSequence
import Testing

@testable import EventLog

/// Writes `format-N` for a new format into the folder that MEDDELA_TEST_MAKE_GOLDEN names: what an
/// engine once wrote (ExecutionTests, `records-1.txt`), in a store that was closed once, lost its
/// writer once, and has sealed segments with their derived files and an active one. The store of a
/// format is made once, by the program that writes it, and never again.
@Suite(.enabled(if: GoldenStore.target != nil))
struct GoldenStoreMaker {
  @Test func `A store with every kind of record, sealed and active segments`() throws {
    let target = try #require(GoldenStore.target)
    let golden = GoldenStore(format: SegmentHeader.version)
    let files = FileManager.default
    let folder = target + "/format-\(golden.format)"
    try files.createDirectory(atPath: folder, withIntermediateDirectories: true)
    var options = EventLogOptions(path: folder + "/store")
    options.segmentBytes = 64 << 10
    options.directFrameBytes = GoldenStore.directFrameBytes
    options.directBytesPerSecond = 0
    let (records, log) = try Self.write(options)
    try files.copyItem(
      atPath: options.path + "/MANIFEST", toPath: folder + "/MANIFEST.running")
    try log.close()
    try files.moveItem(atPath: options.path + "/MANIFEST", toPath: folder + "/MANIFEST.closed")
    try files.moveItem(atPath: folder + "/MANIFEST.running", toPath: options.path + "/MANIFEST")
    for name in ["segments/spare.next", "segments/reserve.next", "BALLAST"] {
      try? files.removeItem(atPath: options.path + "/" + name)
    }
    let lines = records.map(GoldenStore.line).joined(separator: "\n") + "\n"
    try lines.write(toFile: folder + "/manifest.txt", atomically: true, encoding: .utf8)
  }

  /// Four parts: closed after the first, killed after the second, sealed after the third.
  private static func write(
    _ options: EventLogOptions
  ) throws -> (records: [ModelRecord], log: SyncLog) {
    var log = try SyncLog(options)
    let records = try Self.records(log)
    let part = records.count / 4
    try commit(records[..<part], log)
    try log.confirm()
    try log.close()
    log = try SyncLog(options)
    try commit(records[part..<2 * part], log)
    log.kill()
    log = try SyncLog(options)
    try commit(records[2 * part..<3 * part], log)
    try log.opened.writer.roll()
    try log.maintain()
    try commit(records[(3 * part)...], log)
    return (records, log)
  }

  /// Frames of 1, 2, 3 ... 9 and again 1 records.
  private static func commit(_ records: ArraySlice<ModelRecord>, _ log: SyncLog) throws {
    var start = records.startIndex
    var count = 1
    while start < records.endIndex {
      let end = min(start + count, records.endIndex)
      try log.commit(Array(records[start..<end]))
      start = end
      count = count % 9 + 1
    }
  }

  private static func records(_ log: SyncLog) throws -> [ModelRecord] {
    let file = GoldenStore.folder.deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "ExecutionTests/Golden/records-1.txt")
    let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
    return try lines.map { line in
      let words = line.split(separator: " ")
      let numbers = try words[..<8].map { try #require(Int64($0)) }
      let id = words[8] == "-" ? [] : Array(words[8].utf8)
      let digits = Array(words[9])
      let payload = try stride(from: 0, to: digits.count - 1, by: 2).map {
        try #require(UInt8(String(digits[$0...$0 + 1]), radix: 16))
      }
      let isEvent = numbers[4] & 1 == 1
      let header = RecordHeader(
        lsn: LSN(Int(numbers[0])), kind: UInt8(numbers[1]), status: UInt8(numbers[2]),
        previousStatus: UInt8(numbers[3]), flags: RecordFlags(rawValue: UInt8(numbers[4])),
        attempt: UInt16(numbers[5]), time: numbers[6],
        hash: isEvent ? log.hash(id) : EventHash(high: 0, low: 0),
        previousLSN: LSN(Int(numbers[7])))
      return ModelRecord(header: header, id: id, payload: payload)
    }
  }
}
