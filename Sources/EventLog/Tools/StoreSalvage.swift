internal import LogSequence

/// Makes a new store of every sound record of a damaged one, and says exactly what is lost. The
/// damaged store is not changed. The new one is the same store (its id, its numbers of records) and
/// another lineage of it, as after a restore.
///
/// In the place of a lost record stands one that nobody is shown. A record that names a lost one as
/// its event's before names the newest sound one instead. An event that was under way and has lost
/// the record that it needs (its body) cannot go on: its newest record becomes final.
///
/// Reads the store two or three times; memory grows with the events that have lost something.
package struct StoreSalvage {
  private let source: StorePaths
  private let target: StorePaths
  private let disk = LinuxDisk()

  /// - Parameter target: an absent or empty directory; its parent must exist.
  package init(path: String, to target: String) {
    source = StorePaths(root: path)
    self.target = StorePaths(root: target)
  }

  package typealias Progress = (_ done: Int64, _ total: Int64) -> Void

  /// - Parameter progress: bytes done of how many.
  /// - Throws: `locked` when a writer has the store; when nothing can be salvaged, or the new store
  ///   cannot be written. What is lost is no error: it is in the report.
  package func run(_ progress: Progress = { _, _ in }) throws -> SalvageReport {
    try StoreStanding.refuseWriter(path: source.root, disk: disk)
    try StagedStore.check(target, disk)
    var loss = SalvageLoss(try SalvageSource(disk, source))
    return try withoutActuallyEscaping(progress) { progress in
      try loss.find { progress($0, $1 * 3) }
      let staged = try StagedStore(target, disk, doing: "salvaging")
      do {
        let report = try copy(loss, to: staged.folder) { progress($1 + $0, $1 * 3) }
        try staged.put()
        return report
      } catch {
        staged.remove()
        throw error
      }
    }
  }

  private func copy(
    _ loss: SalvageLoss, to folder: StorePaths, _ progress: @escaping Progress
  ) throws -> SalvageReport {
    let source = loss.source
    var report = loss.report
    let writer = try SalvageWriter(disk, folder, source, isWhole: report.lostRecords == 0)
    var newest: [EventHash: LSN] = [:]
    try source.visit(
      SalvageSource.Visitor(
        record: { record in
          var header = record.header
          if let event = loss.events[header.hash], header.flags.contains(.event) {
            if header.previousLSN > source.manifest.origin.lsn {
              header.previousLSN = newest[header.hash] ?? 0
            }
            newest[header.hash] = header.lsn
            if event.isEnded, event.newestLSN == header.lsn { header.flags.insert(.final) }
          }
          try writer.add(header, record)
          report.records += 1
        },
        lost: { finding, _ in try writer.fill(finding.lostRecords) }, progress: progress))
    report.lastLSN = try writer.finish()
    report.lineage = writer.lineage
    try disk.replaceFile(
      StoreIdentity.fileName, in: folder.root, with: source.identity.encoded())
    let verified = try StoreVerifier(path: folder.root, disk: disk).run()
    if let first = verified.findings.first { throw EventLogError.notSound(first) }
    report.segments = verified.segments
    return report
  }
}
