internal import LogSequence

/// What a damaged store has lost, found before anything is copied.
struct SalvageLoss {
  let source: SalvageSource
  private(set) var report = SalvageReport()
  /// Events that are known to have lost a record.
  private(set) var events: [EventHash: Event] = [:]
  private var lost: [ClosedRange<LSN>] = []

  struct Event {
    /// The newest sound record, 0 while none was seen.
    var newestLSN: LSN = 0
    var id: [UInt8] = []
    var isFinal = false
    /// The newest sound record that needs none before it.
    var base: LSN = 0
    /// A record behind `base` is lost that may have been needed: it is not known to be no base.
    var isEnded: Bool { newestLSN > 0 && !isFinal && base == 0 }
  }

  init(_ source: SalvageSource) {
    self.source = source
    report.hasLostManifest = source.hasLostManifest
  }

  mutating func find(_ progress: @escaping (Int64, Int64) -> Void) throws {
    var (report, lost, events) = (self.report, self.lost, self.events)
    try source.visit(
      SalvageSource.Visitor(
        record: { record in
          let header = record.header
          guard header.flags.contains(.event), header.previousLSN > 0 else { return }
          if Self.contains(lost, header.previousLSN) { events[header.hash] = Event() }
        },
        lost: { finding, bytes in
          report.lost.append(finding)
          guard let records = finding.lostRecords else { return }
          report.lostRecords += UInt64(records.count)
          report.lostBytes += bytes
          lost.append(records)
        }, progress: progress))
    (self.report, self.lost, self.events) = (report, lost, events)
    if report.lostRecords > 0 { askTables() }
    if !self.events.isEmpty { try findBases() }
    self.report.damagedEvents = self.events.count
    self.report.endedEvents = self.events.values.filter(\.isEnded).sorted {
      $0.newestLSN < $1.newestLSN
    }.map(\.id)
  }

  /// Ranges ascend.
  static func contains(_ ranges: [ClosedRange<LSN>], _ lsn: LSN) -> Bool {
    var low = 0
    var high = ranges.count
    while low < high {
      let middle = (low + high) / 2
      if ranges[middle].upperBound < lsn { low = middle + 1 } else { high = middle }
    }
    return low < ranges.count && ranges[low].contains(lsn)
  }

  /// Tables name the newest record of each event: one that is lost says whose it was.
  private mutating func askTables() {
    let store = source.identity.store
    for name in (try? source.disk.names(in: source.paths.index)) ?? [] {
      let path = source.paths.index + "/" + name
      guard name.hasSuffix(".table"),
        let table = Table.load(source.disk, path, store: store, hasFilter: false),
        let cursor = try? TableCursor(table)
      else { continue }
      while let entry = cursor.current {
        let isLost =
          Self.contains(lost, entry.value.lsn)
          || entry.base > 0 && Self.contains(lost, entry.base)
        if isLost { events[entry.hash] = Event() }
        guard (try? cursor.advance()) != nil else { break }
      }
    }
  }

  private mutating func findBases() throws {
    var events = self.events
    let origin = source.manifest.origin.lsn
    try source.visit(
      SalvageSource.Visitor(
        record: { record in
          let header = record.header
          guard header.flags.contains(.event), var event = events[header.hash] else { return }
          event.newestLSN = header.lsn
          event.isFinal = header.flags.contains(.final)
          if event.id.isEmpty { event.id = Array(record.id) }
          // One before the log begins was not needed any more.
          if header.isBase || header.previousLSN <= origin { event.base = header.lsn }
          events[header.hash] = event
        }, lost: { _, _ in }))
    self.events = events
  }
}
