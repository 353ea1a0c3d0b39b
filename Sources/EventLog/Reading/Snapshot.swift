/// What a reader without the lock may see: a manifest and the last durable frame.
struct Snapshot {
  let manifest: Manifest
  let end: ChainPoint
  let hasWriter: Bool

  private static let attempts = 100

  static func take(
    _ disk: any Disk, _ paths: StorePaths, _ identity: StoreIdentity
  ) throws(EventLogError) -> Snapshot {
    for _ in 0..<attempts {
      let hasWriter = try isLocked(disk, paths)
      // The mark before the manifest: a later manifest lists the mark's segment.
      let mark = try DurableMark.read(disk, paths.root, store: identity.store)
      let manifest = try Manifest.read(disk, paths, identity)
      if let end = manifest.segments.last?.end {
        return Snapshot(manifest: manifest, end: end.point, hasWriter: hasWriter)
      }
      if hasWriter, let mark {
        // A mark that a power cut threw back is older than the last sealed segment. The chain
        // value is not known and not needed: nothing is read behind it.
        let sealed = manifest.segments.dropLast().last?.end?.point ?? manifest.origin
        let marked = ChainPoint(lsn: mark.lsn, sequence: mark.sequence, chain: 0)
        let end = sealed.sequence > marked.sequence ? sealed : marked
        return Snapshot(manifest: manifest, end: end, hasWriter: true)
      }
      let end = try scan(disk, paths, manifest, hasWriter: hasWriter, mark)
      // A writer that came meanwhile may have frames in flight that were taken for a crash's.
      var isSame = hasWriter
      if !isSame, try !isLocked(disk, paths) {
        isSame = try Manifest.read(disk, paths, identity) == manifest
      }
      if isSame { return Snapshot(manifest: manifest, end: end, hasWriter: hasWriter) }
    }
    throw EventLogError(
      .readFailed, "writers came and went faster than the store could be read",
      file: paths.manifest)
  }

  static func isLocked(_ disk: any Disk, _ paths: StorePaths) throws(EventLogError) -> Bool {
    do throws(SystemError) {
      let file = try disk.open(paths.lock, .read)
      defer { try? disk.close(file) }
      return try disk.isLocked(file)
    } catch .absent {
      return false
    } catch {
      throw EventLogError(
        .readFailed, "the lock could not be looked at", systemError: error.number,
        file: paths.lock)
    }
  }

  /// The last durable frame by the bytes alone.
  private static func scan(
    _ disk: any Disk, _ paths: StorePaths, _ manifest: Manifest, hasWriter: Bool,
    _ mark: DurableMark?
  ) throws(EventLogError) -> ChainPoint {
    let before = manifest.segments.dropLast().last?.end?.point ?? manifest.origin
    guard let segment = manifest.segments.last else { return before }
    let path = paths.segment(segment.id)
    let file = try Recovery.open(disk, path, .read, segment)
    defer { file.closeQuietly() }
    let window = ScanWindow()
    window.use(file)
    let header = try SegmentHeader.read(window, file, segment, manifest.store, after: before)
    var scanner = SegmentScanner(
      header, window: window, after: before, maxEpoch: manifest.epoch)
    // Under a writer the newest frame may still be in flight: only the one before it is sure.
    var previous = before
    while true {
      let point = scanner.point
      switch try scanner.next(until: header.fileBytes) {
      case .frame: previous = point
      case .end(let problem):
        if hasWriter { return previous }
        _ = try TailJudge(
          scanner: scanner, file: path, problem: problem, fileBytes: try file.size(),
          closedEnd: nil, mark: mark
        ).verdict()
        return scanner.point
      }
    }
  }
}
