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
      let holder = try StoreLock.holder(disk, paths)
      // The mark before the manifest: a later manifest lists the mark's segment.
      let mark = try DurableMark.read(disk, paths.root, store: identity.store)
      let manifest = try Manifest.read(disk, paths, identity)
      let hasWriter = holder != .nobody
      if let end = manifest.segments.last?.end {
        return Snapshot(manifest: manifest, end: end.point, hasWriter: hasWriter)
      }
      if holder == .writing, let mark {
        // A mark that a power cut threw back is older than the last sealed segment. The chain
        // value is not known and not needed: nothing is read behind it.
        let sealed = manifest.segments.dropLast().last?.end?.point ?? manifest.origin
        let marked = ChainPoint(lsn: mark.lsn, sequence: mark.sequence, chain: 0)
        let end = sealed.sequence > marked.sequence ? sealed : marked
        return Snapshot(manifest: manifest, end: end, hasWriter: true)
      }
      // Who only opens the store has written nothing yet, and its mark is of the writer before.
      let isGrowing = holder == .writing
      do throws(EventLogError) {
        let end = try scan(disk, paths, manifest, isGrowing: isGrowing, mark)
        let isSure = isGrowing ? true : try isStill(disk, paths, identity, manifest)
        if isSure {
          return Snapshot(manifest: manifest, end: end, hasWriter: hasWriter)
        }
      } catch {
        guard
          error.code == .damaged, !isGrowing, try !isStill(disk, paths, identity, manifest)
        else { throw error }
      }
    }
    throw EventLogError(
      .readFailed, "writers came and went faster than the store could be read",
      file: paths.manifest)
  }

  /// A writer that came meanwhile may have frames in flight that were taken for a crash's.
  private static func isStill(
    _ disk: any Disk, _ paths: StorePaths, _ identity: StoreIdentity, _ manifest: Manifest
  ) throws(EventLogError) -> Bool {
    if try StoreLock.holder(disk, paths) == .writing { return false }
    return try Manifest.read(disk, paths, identity) == manifest
  }

  /// The last durable frame by the bytes alone. Unless a writer is about to add to them, what is
  /// behind it is judged as at an opening.
  static func scan(
    _ disk: any Disk, _ paths: StorePaths, _ manifest: Manifest, isGrowing: Bool,
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
    let size = try TailJudge.size(of: file, header)
    var scanner = SegmentScanner(
      header, window: window, after: before, maxEpoch: manifest.epoch)
    // Under a writer the newest frame may still be in flight: only the one before it is sure.
    var previous = before
    while true {
      let point = scanner.point
      switch try scanner.next(until: header.fileBytes) {
      case .frame: previous = point
      case .end(let problem):
        if isGrowing { return previous }
        _ = try TailJudge(
          scanner: scanner, file: path, problem: problem, fileBytes: size,
          closedEnd: segment.end, mark: mark
        ).verdict()
        return scanner.point
      }
    }
  }
}
