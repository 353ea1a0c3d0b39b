import LogSequence
import Testing

@testable import EventLog

/// Tables of another history of the same store: of what a restored copy wrote, or of a time before.
@Suite struct StaleIndexTests {
  private static func events(_ name: String, _ lsns: ClosedRange<LSN>) -> [(LSN, [UInt8])] {
    lsns.map { ($0, Array("\(name)-\($0)".utf8)) }
  }

  /// Opens the store, writes these events and seals their segment.
  private static func write(
    _ options: EventLogOptions, _ events: [(LSN, [UInt8])], indexes: Bool
  ) throws {
    let log = try SyncLog(options)
    try log.commit(
      events.map { lsn, id in
        ModelRecord(
          header: RecordHeader(
            lsn: lsn, flags: [.event, .final], time: Int64(lsn.rawValue), hash: log.hash(id)),
          id: id, payload: [7])
      })
    try log.seal()
    if indexes { try log.maintain() }
    try log.close()
  }

  /// A store, and a copy of it that went its own way and has the derived files of the first.
  private static func mixed(first: ClosedRange<LSN>, other: ClosedRange<LSN>) throws
    -> EventLogOptions
  {
    let disk = MemoryDisk()
    let options = try EventLogOptions.inMemory(disk)
    try write(options, events("both", 1...4), indexes: true)
    let copy = disk.copy()
    var copied = options
    copied.disk = copy
    try write(options, events("mine", first), indexes: true)
    try write(copied, events("other", other), indexes: false)
    var files = copy.files.filter { !$0.key.contains("/index/") }
    files.merge(disk.files.filter { $0.key.contains("/index/") }) { $1 }
    copy.files = files
    return copied
  }

  @Test(
    arguments: [
      ("fewer records", 5...8, 5...6), ("more records", 5...8, 5...11),
      ("as many records, and others", 5...8, 5...8),
    ] as [(String, ClosedRange<LSN>, ClosedRange<LSN>)])
  func `Derived files of another history of the store are not taken`(
    what: String, first: ClosedRange<LSN>, other: ClosedRange<LSN>
  ) throws {
    let log = try SyncLog(Self.mixed(first: first, other: other))
    #expect(log.covered == other.upperBound, "\(what)")
    for (lsn, id) in Self.events("both", 1...4) + Self.events("other", other) {
      #expect(try log.newest(id) == lsn, "\(what): \(String(decoding: id, as: UTF8.self))")
    }
    for (_, id) in Self.events("mine", first) {
      #expect(try log.newest(id) == nil, "\(what): \(String(decoding: id, as: UTF8.self))")
    }
  }
}
