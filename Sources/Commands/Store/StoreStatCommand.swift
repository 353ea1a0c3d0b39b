internal import ArgumentParser
internal import EventLog
internal import JSON
internal import LogSequence
internal import Messages

/// `meddela store stat`.
struct StoreStatCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stat", abstract: "Says how much the event log holds.")

  @OptionGroup var configuration: ConfigurationOptions
  @OptionGroup var output: OutputOptions

  @Flag(help: "Leave out the counts of events, which need the whole log to be read twice.")
  var quick = false

  func run() async throws {
    try await reportingStoreFailure {
      let shards = try StoreShards(configuration.load())
      for name in shards.names {
        let statistics = try StoreStatistics(path: shards.path(name))
        let reader = try EventLogReader(path: shards.path(name))
        let times = try Self.times(reader)
        let counts = quick ? nil : try EventCounts(reader)
        output.json
          ? printJSON(name, statistics, times, counts)
          : printText(shards.path(name), statistics, times, counts)
      }
    }
  }

  /// When the first and the last record were written.
  private static func times(_ reader: EventLogReader) throws -> (first: Int64, last: Int64)? {
    guard reader.durableLSN >= reader.firstLSN else { return nil }
    guard let first = try time(reader, reader.firstLSN),
      let last = try time(reader, reader.durableLSN)
    else { return nil }
    return (first, last)
  }

  private struct Found: Error {
    let time: Int64
  }

  private static func time(_ reader: EventLogReader, _ lsn: LSN) throws -> Int64? {
    do {
      try reader.forEachRecord(from: lsn) { throw Found(time: $0.header.time) }
      return nil
    } catch let found as Found {
      return found.time
    }
  }

  private func printText(
    _ path: String, _ statistics: StoreStatistics, _ times: (first: Int64, last: Int64)?,
    _ counts: EventCounts?
  ) {
    let quarantine =
      statistics.quarantinedFiles == 0
      ? "empty"
      : """
      \(statistics.quarantinedFiles) files, \(statistics.quarantinedBytes) bytes; each goes with \
      its segment, and of more than \(StoreStatistics.mostQuarantinedFiles) the oldest before
      """
    let writer = statistics.hasWriter ? "running" : statistics.wasClosed ? "closed" : "crashed"
    var table = TextTable(["STORE", path])
    table.add(["id", statistics.storeID])
    table.add(["made", Self.text(statistics.created)])
    table.add(["epoch", "\(statistics.epoch)"])
    table.add(["writer", writer])
    table.add(["segments", "\(statistics.segments.count)"])
    table.add(["bytes", "\(statistics.fileBytes)"])
    table.add(["records", "\(statistics.records)"])
    table.add(["first LSN", "\(statistics.firstLSN)"])
    table.add(["durable LSN", "\(statistics.durableLSN)"])
    table.add(["oldest record", times.map { Self.text($0.first) } ?? "-"])
    table.add(["newest record", times.map { Self.text($0.last) } ?? "-"])
    table.add(["quarantine", quarantine])
    table.add(["clock", statistics.clock.sentence])
    if let counts { table.add(["events", "\(counts.total)"]) }
    writeLine(table.text)
    if let counts { writeLine("\n" + counts.table.text) }
  }

  private func printJSON(
    _ shard: String, _ statistics: StoreStatistics, _ times: (first: Int64, last: Int64)?,
    _ counts: EventCounts?
  ) {
    var object = JSONObjectText()
    object.add("shard", shard)
    object.add("storeId", statistics.storeID)
    object.add("createdAt", Self.text(statistics.created))
    object.add("epoch", Int(statistics.epoch))
    object.add("writer", statistics.hasWriter)
    object.add("closed", statistics.wasClosed)
    object.add("segments", statistics.segments.count)
    object.add("bytes", Int(statistics.fileBytes))
    object.add("records", statistics.records)
    object.add("firstLSN", statistics.firstLSN)
    object.add("durableLSN", statistics.durableLSN)
    object.add("oldestRecordAt", times.map { Self.text($0.first) })
    object.add("newestRecordAt", times.map { Self.text($0.last) })
    object.add("quarantinedFiles", statistics.quarantinedFiles)
    object.add("quarantinedBytes", Int(statistics.quarantinedBytes))
    object.add("clock", statistics.clock.word)
    object.add("unconfirmedSeconds", statistics.clock.seconds.map { Int($0) })
    if let counts {
      object.add("events", counts.total)
      object.add("byStatus", json: counts.json)
    }
    writeLine(object.text)
  }

  private static func text(_ nanoseconds: Int64) -> String {
    var writer = ByteWriter(capacity: 32)
    Timestamp(nanoseconds: nanoseconds).write(to: &writer)
    return writer.withBytes { String(decoding: $0, as: UTF8.self) }
  }
}
