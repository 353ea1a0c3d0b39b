/// Copies a store to another directory while a writer runs: sealed segments whole, the active one
/// up to its last durable frame. The copy is a closed store of its own, is verified byte by byte,
/// and carries a listing with checksums (`BackupListing`), written last.
///
/// Not part of a backup: LOCK, DURABLE, quarantine and everything derived.
package struct StoreBackup {
  private let source: StorePaths
  private let target: StorePaths
  private let isLinking: Bool
  private let disk = LinuxDisk()

  /// Bytes done of how many; each byte counts twice, for it is copied and verified.
  package typealias Progress = (_ done: Int64, _ total: Int64) -> Void

  private static let attempts = 10

  /// - Parameters:
  ///   - target: an absent or empty directory; its parent must exist.
  ///   - isLinking: sealed segments become hard links where the file system can: quick and without
  ///     space, but a bad block then hits store and backup alike.
  package init(path: String, to target: String, isLinking: Bool = false) {
    source = StorePaths(root: path)
    self.target = StorePaths(root: target)
    self.isLinking = isLinking
  }

  /// - Throws: also when the copy does not verify; then it has no listing and is no backup.
  package func run(_ progress: Progress = { _, _ in }) throws(EventLogError) -> BackupListing {
    let reader = try EventLogReader(path: source.root)
    try makeTarget()
    for _ in 0..<Self.attempts {
      do throws(EventLogError) {
        return try copy(reader.identity, try plan(reader), progress)
      } catch {
        guard try hasLostSegments(reader) else { throw error }
      }
    }
    throw EventLogError(
      .readFailed, "retention removed segments faster than they could be copied",
      file: source.segments)
  }

  /// What is copied: the manifest that the backup gets.
  private func plan(_ reader: EventLogReader) throws(EventLogError) -> Manifest {
    try reader.refresh()
    var manifest = reader.snapshot.manifest
    guard let last = manifest.segments.last else {
      throw .damaged(source.manifest, 52, "the manifest lists no segment")
    }
    if last.end == nil {
      manifest.segments[manifest.segments.count - 1].end = try durableEnd(
        last, manifest, reader.snapshot.end.sequence)
    }
    manifest.isClosed = true
    return manifest
  }

  /// Where frame `sequence` ends in the active segment.
  private func durableEnd(
    _ segment: Manifest.Segment, _ manifest: Manifest, _ sequence: UInt64
  ) throws(EventLogError) -> Manifest.End {
    let before = manifest.segments.dropLast().last?.end?.point ?? manifest.origin
    let file = try Recovery.open(disk, source.segment(segment.id), .read, segment)
    defer { file.closeQuietly() }
    let window = ScanWindow()
    window.use(file)
    let header = try SegmentHeader.read(window, file, segment, manifest.store, after: before)
    var scanner = SegmentScanner(
      header, window: window, after: before, maxEpoch: manifest.epoch)
    while scanner.point.sequence < sequence {
      if case .end(let problem) = try scanner.next(until: header.fileBytes) {
        throw .damaged(
          file.path, scanner.offset,
          "found \(problem.sentence); frame \(scanner.point.sequence + 1) was durable")
      }
    }
    return Manifest.End(offset: scanner.offset, point: scanner.point)
  }

  private func copy(
    _ identity: StoreIdentity, _ manifest: Manifest, _ progress: Progress
  ) throws(EventLogError) -> BackupListing {
    let total = manifest.segments.reduce(0) { $0 + ($1.end?.offset ?? 0) } * 2
    var done: Int64 = 0
    return try withoutActuallyEscaping(progress) { (progress) throws(EventLogError) in
      let copier = FileCopier(disk) { count in
        done += Int64(count)
        progress(min(done, total), total)
      }
      var files: [BackupListing.File] = []
      for segment in manifest.segments.dropLast() {
        files.append(try copySegment(segment, copier, mayLink: isLinking))
      }
      // It was active when this was planned: by now it may be longer, sealed or not.
      if let last = manifest.segments.last {
        files.append(try copySegment(last, copier, mayLink: false))
      }
      try removeUnlisted(manifest)
      try writeWhole(StoreIdentity.fileName, identity.encoded(), &files)
      try writeWhole(Manifest.fileName, manifest.encoded(), &files)
      try disk.syncNames(target.segments)
      try verify { progress(total / 2 + $0, total) }
      guard let end = manifest.segments.last?.end?.point else {
        throw .damaged(source.manifest, 52, "the manifest lists no segment")
      }
      let listing = BackupListing(
        storeID: manifest.store.text, created: wallNanoseconds(), epoch: manifest.epoch,
        lsn: end.lsn, sequence: end.sequence, files: files)
      try disk.syncFolders(above: target)
      try disk.replaceFile(BackupListing.fileName, in: target.root, with: listing.encoded())
      return listing
    }
  }

  private func copySegment(
    _ segment: Manifest.Segment, _ copier: FileCopier, mayLink: Bool
  ) throws(EventLogError) -> BackupListing.File {
    let path = source.segment(segment.id)
    let copy = target.segment(segment.id)
    let bytes = segment.end?.offset ?? 0
    let size = try fileBytes(path, segment)
    let digest: FileDigest
    // Of an attempt before, and perhaps a link: never to be written over.
    try disk.removeIfPresent(copy)
    if mayLink, try copier.link(path, to: copy) {
      digest = try copier.digest(of: copy, bytes: bytes)
    } else {
      digest = try copier.copy(path, to: copy, bytes: bytes, size: size)
    }
    let name = "segments/" + SegmentHeader.fileName(segment.id)
    return BackupListing.File(path: name, bytes: bytes, digest: digest)
  }

  /// The size that the segment's header promises.
  private func fileBytes(
    _ path: String, _ segment: Manifest.Segment
  ) throws(EventLogError) -> Int64 {
    let file = try Recovery.open(disk, path, .read, segment)
    defer { file.closeQuietly() }
    var bytes = [UInt8](repeating: 0, count: Limits.segmentHeaderBytes)
    let count = try bytes.withMutableBytes { (buffer) throws(EventLogError) in
      try file.read(into: buffer, at: 0)
    }
    return try SegmentHeader.decode(Array(bytes[..<count]), file: path).fileBytes
  }

  private func writeWhole(
    _ name: String, _ bytes: [UInt8], _ files: inout [BackupListing.File]
  ) throws(EventLogError) {
    try disk.replaceFile(name, in: target.root, with: bytes)
    files.append(
      BackupListing.File(path: name, bytes: Int64(bytes.count), digest: FileDigest(bytes)))
  }

  private func verify(_ progress: (Int64) -> Void) throws(EventLogError) {
    let report = try StoreVerifier(path: target.root, disk: disk).run(progress: { done, _ in
      progress(done)
      return true
    })
    if let first = report.findings.first { throw .notSound(first) }
  }

  private func makeTarget() throws(EventLogError) {
    if try !disk.makeDirectoryIfAbsent(target.root), try !disk.isVacant(target.root) {
      throw EventLogError(
        .cannotCreate, "there are files in this directory already",
        advice: "Name one that does not exist or is empty.", file: target.root)
    }
    _ = try disk.makeDirectoryIfAbsent(target.segments)
  }

  /// Copies of segments that retention removed before the others were copied.
  private func removeUnlisted(_ manifest: Manifest) throws(EventLogError) {
    for name in try disk.names(in: target.segments) {
      let id = SegmentHeader.id(fileName: name)
      if manifest.segments.contains(where: { $0.id == id }) { continue }
      try disk.removeIfPresent(target.segments + "/" + name)
    }
  }

  /// Whether a segment of the snapshot is gone because it is no longer part of the store.
  private func hasLostSegments(_ reader: EventLogReader) throws(EventLogError) -> Bool {
    let listed = try Manifest.read(disk, source, reader.identity).segments.map(\.id)
    return reader.snapshot.manifest.segments.contains { !listed.contains($0.id) }
  }
}

extension EventLogError {
  /// What a tool says of a store that it must not build upon.
  static func notSound(_ finding: StoreFinding) -> EventLogError {
    .damaged(finding.file, finding.offset, finding.found)
  }
}
