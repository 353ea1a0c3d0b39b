internal import ArgumentParser
internal import EventLog
internal import Glibc
internal import LogSequence

/// `meddela store salvage`.
struct StoreSalvageCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "salvage",
    abstract: "Makes a new event log of every sound record of a damaged one.",
    discussion: """
      For a store that is damaged and of which no backup has more. Stop the service first. The \
      damaged store is not changed. The new one is the same store and another lineage of it: the \
      service starts on it after `meddela shards adopt`. Every place that could not be read is \
      named, with its records. An event that was under way and has lost the record with its body \
      cannot go on: it is ended without a status update, and named. Whatever was lost after an \
      event's last sound record may happen again.
      """)

  @OptionGroup var configuration: ConfigurationOptions
  @OptionGroup var output: OutputOptions

  @Option(help: "A directory that does not exist or is empty.")
  var to: String

  func run() async throws {
    try await reportingStoreFailure {
      let shards = try StoreShards(configuration.load())
      try StoreBackupCommand.makeFolder(to)
      // The templates first: a shard that is there finds what its events pin.
      let templates = StoreShards.templates(shards.root)
      if access(templates, F_OK) == 0 {
        let copy = StoreShards.templates(to)
        _ = try FolderBackup(path: templates, to: copy).run()
        unlink("\(copy)/\(BackupListing.fileName)")
      }
      for name in shards.names {
        let progress = ScanProgress("salvaging")
        let salvage = StoreSalvage(path: shards.path(name), to: "\(to)/\(name)")
        let report = try salvage.run { progress.update(Int($0), of: Int($1)) }
        progress.finish()
        output.json ? printJSON(report, name) : printText(report, "\(to)/\(name)")
      }
    }
  }

  private func printText(_ report: SalvageReport, _ path: String) {
    for place in report.lost { writeLine("\(place)") }
    for id in report.endedEvents { writeLine("event \(Self.text(id)) cannot go on: it is ended") }
    if report.hasLostManifest {
      writeLine("the manifest is lost: what retention had removed is not told apart from damage")
    }
    writeLine(
      """
      \(path): \(report.records) records up to LSN \(report.lastLSN) in \(report.segments) \
      segments, lineage \(report.lineage), verified; \(report.lostRecords) records in \
      \(report.lostBytes) bytes are lost, of \(report.damagedEvents) events that are known
      """)
  }

  private func printJSON(_ report: SalvageReport, _ shard: String) {
    for place in report.lost {
      var object = JSONObjectText()
      object.add("file", place.file)
      object.add("offset", place.offset.map { Int($0) })
      object.add("found", place.found)
      object.add("firstLostLSN", place.lostRecords?.lowerBound)
      object.add("lastLostLSN", place.lostRecords?.upperBound)
      writeLine(object.text)
    }
    var object = JSONObjectText()
    object.add("shard", shard)
    object.add("records", Int(report.records))
    object.add("lsn", report.lastLSN)
    object.add("lineage", Int(report.lineage))
    object.add("segments", report.segments)
    object.add("lostRecords", Int(report.lostRecords))
    object.add("lostBytes", Int(report.lostBytes))
    object.add("damagedEvents", report.damagedEvents)
    let ended = report.endedEvents.map { JSONObjectText.quoted(Self.text($0)) }
    object.add("endedEvents", json: "[\(ended.joined(separator: ","))]")
    object.add("lostManifest", report.hasLostManifest)
    writeLine(object.text)
  }

  private static func text(_ id: [UInt8]) -> String { String(decoding: id, as: UTF8.self) }
}
