package import LogSequence

/// A store as another process sees it: takes no lock, writes nothing, never disturbs the writer.
///
/// Sees a snapshot: every record that was durable when it was opened or last refreshed. A frame
/// counts as durable when the writer's mark names it or a later one, when a valid frame follows,
/// or when no writer holds the store and recovery would accept it. Used on one thread.
package final class EventLogReader {
  let disk: any Disk
  let paths: StorePaths
  let identity: StoreIdentity
  private(set) var snapshot: Snapshot
  private lazy var window = ScanWindow()
  /// When it is set, reading goes on behind damage, and this is told what was left out; of what is
  /// read twice, twice.
  private let onDamage: ((StoreFinding) -> Void)?

  /// The last durable record of the snapshot, 0 when there is none.
  package var durableLSN: LSN { snapshot.end.lsn }
  /// The oldest record that is kept.
  package var firstLSN: LSN { snapshot.manifest.origin.lsn.next }
  /// Whether a writer held the store when the snapshot was taken.
  package var hasWriter: Bool { snapshot.hasWriter }
  package var segmentCount: Int { snapshot.manifest.segments.count }
  /// The writer's epoch.
  package var epoch: UInt64 { snapshot.manifest.epoch }
  /// Which history of the store this is.
  package var lineage: UInt64 { snapshot.manifest.lineage }

  /// - Parameter onDamage: told of records that cannot be read, which are left out. Without it, the
  ///   first of them ends a walk with its error.
  package init(
    path: String, disk: any Disk = LinuxDisk(), onDamage: ((StoreFinding) -> Void)? = nil
  ) throws(EventLogError) {
    self.disk = disk
    self.onDamage = onDamage
    let paths = StorePaths(root: path)
    self.paths = paths
    guard let bytes = try disk.contents(of: paths.identity, atMost: 1 << 20) else {
      throw EventLogError(
        .notAStore, "there is no event log here", advice: "Check the path of the store.",
        file: paths.identity)
    }
    let identity = try StoreIdentity.decode(bytes, file: paths.identity)
    self.identity = identity
    snapshot = try Self.snapshot(disk, paths, identity, pastDamage: onDamage != nil)
  }

  private static func snapshot(
    _ disk: any Disk, _ paths: StorePaths, _ identity: StoreIdentity, pastDamage: Bool
  ) throws(EventLogError) -> Snapshot {
    do throws(EventLogError) {
      return try Snapshot.take(disk, paths, identity)
    } catch {
      guard pastDamage, error.code == .damaged || error.code == .readFailed else { throw error }
      let source = try SalvageSource(disk, paths)
      let end = ChainPoint(lsn: source.lastLSN(), sequence: Limits.maxCounter, chain: 0)
      return Snapshot(manifest: source.manifest, end: end, hasWriter: false)
    }
  }

  /// Moves the snapshot forward.
  package func refresh() throws(EventLogError) {
    snapshot = try Self.snapshot(disk, paths, identity, pastDamage: onDamage != nil)
  }

  /// Every durable record from `first` on, in LSN order; checksums and chain are verified on the
  /// way. What retention removes meanwhile is left out. Views are valid in the call of `body`;
  /// what it throws ends the walk.
  package func forEachRecord(from first: LSN = 1, _ body: (RecordView) throws -> Void) throws {
    if let onDamage { return try forEachSound(from: first, body, onDamage) }
    try forEachFrame(from: first) { frame, path in
      var walk = RecordWalk(frame, file: path)
      while let view = try walk.next()?.view {
        if view.header.lsn >= first, !view.header.flags.contains(.lost) { try body(view) }
      }
    }
  }

  private func forEachSound(
    from first: LSN, _ body: (RecordView) throws -> Void,
    _ onDamage: @escaping (StoreFinding) -> Void
  ) throws {
    let last = durableLSN
    try withoutActuallyEscaping(body) { body in
      let visitor = SalvageSource.Visitor(
        record: { record in
          guard first...max(first, last) ~= record.header.lsn else { return }
          if !record.header.flags.contains(.lost) { try body(record) }
        },
        lost: { finding, _ in
          if let lost = finding.lostRecords, lost.upperBound >= first, lost.lowerBound <= last {
            onDamage(finding)
          }
        })
      let source = SalvageSource(disk, paths, identity, snapshot.manifest)
      try source.visit(visitor, from: first)
    }
  }

  /// A segment of the snapshot; nil when retention has removed it since.
  private func open(_ segment: Manifest.Segment) throws(EventLogError) -> DiskFile? {
    do throws(EventLogError) {
      return try Recovery.open(disk, paths.segment(segment.id), .read, segment)
    } catch {
      guard
        error.code == .damaged, let end = segment.end,
        try Manifest.read(disk, paths, identity).origin.lsn >= end.point.lsn
      else { throw error }
      return nil
    }
  }

  /// The frames of the snapshot from the segment on that holds `first`.
  private func forEachFrame(
    from first: LSN, _ body: (SegmentScanner.Frame, String) throws -> Void
  ) throws {
    let manifest = snapshot.manifest
    let begin = manifest.segments.lastIndex { $0.baseLSN <= first } ?? 0
    var point = begin == 0 ? manifest.origin : manifest.segments[begin - 1].end?.point
    for segment in manifest.segments[begin...] {
      guard let after = point, after.sequence < snapshot.end.sequence else { return }
      guard let file = try open(segment) else {
        point = segment.end?.point
        continue
      }
      defer { file.closeQuietly() }
      disk.announceSequentialRead(file.descriptor)
      window.use(file)
      let header = try SegmentHeader.read(window, file, segment, identity.store, after: after)
      var scanner = SegmentScanner(
        header, window: window, after: after, maxEpoch: manifest.epoch)
      let last = min(segment.end?.point.sequence ?? .max, snapshot.end.sequence)
      while scanner.point.sequence < last {
        switch try scanner.next(until: segment.end?.offset ?? header.fileBytes) {
        case .frame(let frame): try body(frame, file.path)
        case .end(let problem):
          throw EventLogError.damaged(
            file.path, scanner.offset,
            "found \(problem.sentence); frame \(scanner.point.sequence + 1) was durable")
        }
      }
      if let end = segment.end?.point, end.sequence <= last, end != scanner.point {
        throw EventLogError.damaged(
          file.path, scanner.offset, "the segment does not end where the manifest says")
      }
      point = scanner.point
    }
  }
}
