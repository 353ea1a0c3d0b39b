/// Reads every durable byte of a store and checks it against everything that vouches for it: the
/// manifest, segment headers, frame checksums, sequence and chain, record checksums, the hashes of
/// ids. Takes no lock and writes nothing: it may run beside the writer, whose newest frames it
/// leaves out.
///
/// Goes on behind damage where it can, so that one run names all of it.
package struct StoreVerifier {
  let disk: any Disk
  let paths: StorePaths

  /// Told how many bytes of how many are read; false ends the run.
  package typealias Progress = (_ done: Int64, _ total: Int64) -> Bool

  package init(path: String, disk: any Disk = LinuxDisk()) {
    self.disk = disk
    paths = StorePaths(root: path)
  }

  /// - Parameter onFinding: told of damage as soon as the file it is in has been read.
  /// - Throws: when there is no store, or a file cannot be read at all. Damage is not thrown: it
  ///   is in the report.
  package func run(
    onFinding: (StoreFinding) -> Void = { _ in }, progress: Progress = { _, _ in true }
  ) throws(EventLogError) -> VerifyReport {
    guard let bytes = try disk.contents(of: paths.identity, atMost: 1 << 20) else {
      throw EventLogError(
        .notAStore, "there is no event log here", advice: "Check the path of the store.",
        file: paths.identity)
    }
    var report = VerifyReport()
    do throws(EventLogError) {
      let identity = try StoreIdentity.decode(bytes, file: paths.identity)
      try verify(identity, onFinding, progress, &report)
    } catch {
      // What is wrong outside the segments: nothing behind it can be judged.
      guard error.code == .damaged else { throw error }
      report.add(StoreFinding(error), onFinding)
    }
    return report
  }

  private func verify(
    _ identity: StoreIdentity, _ onFinding: (StoreFinding) -> Void, _ progress: Progress,
    _ report: inout VerifyReport
  ) throws(EventLogError) {
    let (manifest, end) = try snapshot(identity, onFinding, &report)
    report.epoch = manifest.epoch
    try noteMark(identity, &report)
    if ClockFile.read(disk, paths, store: identity.store).isDamaged {
      report.notes.append(
        "CLOCK is damaged: the next writer makes it again, by the times in the records")
    }
    let total = try totalBytes(manifest)
    var point = manifest.origin
    for segment in manifest.segments {
      var verifier = SegmentVerifier(
        disk: disk, file: paths.segment(segment.id), segment: segment, identity: identity,
        maxEpoch: manifest.epoch, through: end?.sequence)
      let done = report.bytes
      let outcome = try verifier.run(after: point) { progress(done + $0, total) }
      // Also behind one that retention removed meanwhile, the next follows its end.
      point = segment.end?.point ?? point
      if outcome.isMissing, try !isListed(segment.id, identity) { continue }
      report.add(outcome, onFinding)
      if segment.id != manifest.segments.last?.id { noteStray(segment, &report) }
      if outcome.wasStopped { return }
    }
    if let end {
      report.durableLSN = end.lsn
      try judgeEnd(manifest, identity, onFinding, &report)
      do throws(EventLogError) {
        try manifest.checkRoomToCount(after: end, file: paths.manifest)
      } catch {
        report.add(StoreFinding(error), onFinding)
      }
    }
    try lookForUnlisted(manifest, identity, onFinding, &report)
  }

  /// What the log holds by its manifest, and its end; the end is nil when the bytes behind the
  /// last valid frame contradict it, which is then in the report.
  private func snapshot(
    _ identity: StoreIdentity, _ onFinding: (StoreFinding) -> Void, _ report: inout VerifyReport
  ) throws(EventLogError) -> (Manifest, ChainPoint?) {
    do throws(EventLogError) {
      let snapshot = try Snapshot.take(disk, paths, identity)
      report.hasWriter = snapshot.hasWriter
      return (snapshot.manifest, snapshot.end)
    } catch {
      guard error.code == .damaged, error.file != paths.manifest else { throw error }
      let manifest = try Manifest.read(disk, paths, identity)
      report.add(StoreFinding(error), onFinding)
      return (manifest, nil)
    }
  }

  private func noteStray(_ segment: Manifest.Segment, _ report: inout VerifyReport) {
    let path = paths.segment(segment.id)
    guard let end = segment.end?.offset, let file = try? DiskFile(disk, path, .read) else { return }
    defer { file.closeQuietly() }
    guard SegmentScanner.hasStray(file, at: end) else { return }
    report.notes.append(
      """
      \(path), byte \(end): a frame stands behind the end of the segment. A writer that had lost \
      the store went on for a moment; what it said to be durable then is not part of the store
      """)
  }

  /// What the opening of a closed store would say of the bytes around its end; of one that was not
  /// closed the snapshot has said it.
  private func judgeEnd(
    _ manifest: Manifest, _ identity: StoreIdentity, _ onFinding: (StoreFinding) -> Void,
    _ report: inout VerifyReport
  ) throws(EventLogError) {
    guard manifest.isClosed, !report.hasWriter, let last = manifest.segments.last else { return }
    let file = paths.segment(last.id)
    guard !report.findings.contains(where: { $0.file == file }) else { return }
    do throws(EventLogError) {
      let mark = try DurableMark.read(disk, paths.root, store: identity.store)
      _ = try Snapshot.scan(disk, paths, manifest, isGrowing: false, mark)
    } catch {
      // A writer that came meanwhile goes on in this segment.
      guard error.code == .damaged, try Manifest.read(disk, paths, identity) == manifest else {
        if error.code == .damaged { return }
        throw error
      }
      report.add(StoreFinding(error), onFinding)
    }
  }

  private func noteMark(
    _ identity: StoreIdentity, _ report: inout VerifyReport
  ) throws(EventLogError) {
    guard let bytes = try disk.contents(of: paths.durable, atMost: 4096) else {
      report.notes.append("DURABLE is missing: it is made again by the next writer")
      return
    }
    if DurableMark.decode(bytes, store: identity.store) == nil {
      report.notes.append("DURABLE does not hold a mark: it is made again by the next writer")
    }
  }

  private func totalBytes(_ manifest: Manifest) throws(EventLogError) -> Int64 {
    var total: Int64 = 0
    for segment in manifest.segments {
      if let end = segment.end {
        total += end.offset
      } else if let file = try? DiskFile(disk, paths.segment(segment.id), .read) {
        defer { file.closeQuietly() }
        total += try file.size()
      }
    }
    return total
  }

  /// Whether the segment is still part of the store: retention may have removed it meanwhile.
  private func isListed(_ id: UInt64, _ identity: StoreIdentity) throws(EventLogError) -> Bool {
    try Manifest.read(disk, paths, identity).segments.contains { $0.id == id }
  }

  /// Segments that no manifest lists: of a roll that is going on or was interrupted, or damage.
  private func lookForUnlisted(
    _ manifest: Manifest, _ identity: StoreIdentity, _ onFinding: (StoreFinding) -> Void,
    _ report: inout VerifyReport
  ) throws(EventLogError) {
    let names = try disk.names(in: paths.segments)
    // Read after the names: a roll that finished meanwhile is in it.
    let listed = try Manifest.read(disk, paths, identity).segments.map(\.id)
    for name in names {
      guard let id = SegmentHeader.id(fileName: name), !listed.contains(id) else { continue }
      let wasListed = manifest.segments.contains { $0.id == id }
      let isBeforeFirst = listed.first.map { id < $0 } ?? false
      if wasListed || isBeforeFirst {
        report.notes.append("\(paths.segment(id)) is no longer part of the store")
      } else if id == (listed.last ?? 0) + 1, try StoreCreation.isEmpty(disk, paths.segment(id)) {
        report.notes.append("\(paths.segment(id)) was begun and never used")
      } else if try !isListed(id, identity) {
        // A running writer lists a segment before it puts a frame there: looked at in this order,
        // a segment with frames is listed by now.
        let found = "the manifest does not list this segment"
        report.add(StoreFinding(file: paths.segment(id), offset: nil, found: found), onFinding)
      }
    }
  }
}

extension VerifyReport {
  mutating func add(_ finding: StoreFinding, _ onFinding: (StoreFinding) -> Void) {
    findings.append(finding)
    onFinding(finding)
  }

  mutating func add(
    _ outcome: SegmentVerifier.Outcome, _ onFinding: (StoreFinding) -> Void
  ) {
    segments += 1
    frames += outcome.frames
    records += outcome.records
    bytes += outcome.bytes
    wasStopped = outcome.wasStopped
    // The end of a damaged active segment was judged, and said, before it was walked.
    for finding in outcome.findings
    where !findings.contains(where: { $0.file == finding.file && $0.offset == finding.offset }) {
      add(finding, onFinding)
    }
    if outcome.lastLSN > durableLSN { durableLSN = outcome.lastLSN }
  }
}
