internal import ArgumentParser
internal import EventLog
internal import LogSequence

/// `meddela store verify`.
struct StoreVerifyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Reads every byte of the event log and checks it.",
    discussion: """
      Names file, byte and what was found for each damage, and the records that are lost with it. \
      Ends with 0 when the store is sound, with 65 when it is not. Changes nothing.
      """)

  @OptionGroup var configuration: ConfigurationOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    try await reportingStoreFailure {
      let shards = try StoreShards(configuration.load())
      var isSound = true
      for name in shards.names {
        let report = try verify(shards.path(name))
        isSound = isSound && report.isSound
        output.json ? printJSON(report, name) : printText(report, shards.path(name))
      }
      if !isSound { throw ExitCode(SystemExit.data.rawValue) }
    }
  }

  private func verify(_ path: String) throws -> VerifyReport {
    let progress = ScanProgress("verifying")
    defer { progress.finish() }
    return try StoreVerifier(path: path).run(
      onFinding: { finding in
        progress.makeRoom()
        writeLine(output.json ? Self.json(finding) : finding.description)
      },
      progress: { done, total in
        progress.update(Int(done), of: Int(total))
        return true
      })
  }

  private func printText(_ report: VerifyReport, _ path: String) {
    for note in report.notes { writeLine(note) }
    let state = report.isSound ? "sound" : "DAMAGED: \(report.findings.count) findings, see above"
    writeLine(
      """
      \(path): \(state); \(report.records) records up to LSN \(report.durableLSN) in \
      \(report.frames) frames, \(report.segments) segments, \(report.bytes) bytes, epoch \
      \(report.epoch)\(report.hasWriter ? ", a writer is running" : "")
      """)
  }

  private func printJSON(_ report: VerifyReport, _ shard: String) {
    var object = JSONObjectText()
    object.add("shard", shard)
    object.add("sound", report.isSound)
    object.add("findings", report.findings.count)
    object.add("records", report.records)
    object.add("durableLSN", report.durableLSN)
    object.add("frames", report.frames)
    object.add("segments", report.segments)
    object.add("bytes", Int(report.bytes))
    object.add("epoch", Int(report.epoch))
    object.add("writer", report.hasWriter)
    let notes = report.notes.map(JSONObjectText.quoted).joined(separator: ",")
    object.add("notes", json: "[\(notes)]")
    writeLine(object.text)
  }

  private static func json(_ finding: StoreFinding) -> String {
    var object = JSONObjectText()
    object.add("file", finding.file)
    object.add("offset", finding.offset.map { Int($0) })
    object.add("found", finding.found)
    object.add("firstLostLSN", finding.lostRecords?.lowerBound)
    object.add("lastLostLSN", finding.lostRecords?.upperBound)
    return object.text
  }
}
