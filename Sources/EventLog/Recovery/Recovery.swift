internal import LogSequence

/// Opens a store: lock, identity, sync, read, judge, begin an epoch. Nothing is changed before all
/// was read, and every step may be interrupted and repeated.
struct Recovery {
  /// With the size of segments that this store has.
  private(set) var options: EventLogOptions
  let paths: StorePaths
  let onSpace: @Sendable (EventLogError?) -> Void
  var report = RecoveryReport()

  private var disk: any Disk { options.disk }

  struct Opened {
    let options: EventLogOptions
    let lock: StoreLock
    let identity: StoreIdentity
    let index: EventIndex
    let keeper: TableKeeper
    let reopened: ReopenedEvents
    let writer: SegmentWriter
    /// Nil when records are kept whatever their age.
    let clock: ClockKeeper?
    let report: RecoveryReport
  }

  init(
    _ options: EventLogOptions, onSpace: @escaping @Sendable (EventLogError?) -> Void
  ) {
    self.options = options
    paths = StorePaths(root: options.path)
    self.onSpace = onSpace
  }

  mutating func run(_ body: @escaping (RecordView) throws -> Void) throws(EventLogError) -> Opened {
    do throws(EventLogError) {
      return try open(body)
    } catch {
      throw error.atOpening
    }
  }

  private mutating func open(
    _ body: @escaping (RecordView) throws -> Void
  ) throws(EventLogError) -> Opened {
    let started = monotonicNanoseconds()
    try StoreCreation.checkPermitted(options, paths)
    try makeDirectories()
    let lock = try StoreLock.take(disk, paths, breaks: options.breaks)
    do throws(EventLogError) {
      let identity = try readOrMakeIdentity()
      let manifest = try readManifest(identity)
      try syncBeforeReading(manifest)
      let map = SegmentMap()
      let keeper = TableKeeper(options, paths, manifest, map)
      let open = try openIndex(keeper, manifest)
      try self.replay(open, map, body)
      let replay = Replay(
        index: open.index, map: map, mask: options.fingerprintMask,
        coveredLSN: keeper.coveredLSN, body: body)
      let active = try readSegments(manifest, keeper, replay)
      try manifest.checkRoomToCount(after: active.point, file: paths.manifest)
      keepSegmentBytes(active.header)
      try tidyUnlisted(manifest)
      let writer = try beginEpoch(manifest, active, replay.map, lock)
      for segment in writer.takeSealed() { keeper.add(segment) }
      keeper.maxEpoch = writer.manifest.epoch
      let clock = makeClock(keeper, replay.latest, active.point.lsn, lock)
      // After a clean end the same segment goes on.
      if let clock, writer.header.id == active.header.id {
        writer.date(by: clock.time.age(of: writer.header.baseLSN))
      }
      report.records = replay.records
      report.openRecords = open.wanted.count
      report.epoch = writer.manifest.epoch
      report.storeID = identity.store.text
      report.lineage = writer.manifest.lineage
      report.knownDamage = KnownDamage.read(disk, paths.root)
      report.nanoseconds = monotonicNanoseconds() - started
      return Opened(
        options: options, lock: lock, identity: identity, index: open.index, keeper: keeper,
        reopened: replay.reopened, writer: writer, clock: clock, report: report)
    } catch {
      lock.closeQuietly()
      throw error
    }
  }

  /// - Parameter latest: the newest time in the segments that are not indexed.
  private func makeClock(
    _ keeper: TableKeeper, _ latest: Int64, _ lastLSN: LSN, _ lock: StoreLock
  ) -> ClockKeeper? {
    guard let seconds = options.retentionSeconds else { return nil }
    let ends = keeper.indexed.map {
      AgeSamples.Sample(lsn: $0.lastLSN, time: $0.positions.latest)
    }
    let last = AgeSamples.Sample(lsn: lastLSN, time: latest)
    return ClockKeeper(
      options, retentionSeconds: seconds, paths, lock, keeper.store, newest: ends + [last],
      isNew: lastLSN == 0)
  }

  /// A store goes on as it was made, whatever room there is now.
  private mutating func keepSegmentBytes(_ newest: SegmentHeader) {
    guard let least = options.leastSegmentBytes else { return }
    let bytes = Int(newest.fileBytes)
    if least...Limits.maxSegmentBytes ~= bytes, options.fits(bytes) { options.segmentBytes = bytes }
  }

  private func makeDirectories() throws(EventLogError) {
    if try disk.makeDirectoryIfAbsent(paths.root) { try disk.syncNames(paths.parent) }
    let hasSegments = try disk.makeDirectoryIfAbsent(paths.segments)
    let hasQuarantine = try disk.makeDirectoryIfAbsent(paths.quarantine)
    if hasSegments || hasQuarantine { try disk.syncNames(paths.root) }
  }

  private mutating func readOrMakeIdentity() throws(EventLogError) -> StoreIdentity {
    guard let bytes = try disk.contents(of: paths.identity, atMost: 1 << 20) else {
      report.room = try StoreCreation.prepare(options, paths)
      if let room = report.room { options.segmentBytes = room.segmentBytes }
      return try StoreCreation(options: options, paths: paths).run()
    }
    return try StoreIdentity.decode(bytes, file: paths.identity)
  }

  private func readManifest(_ identity: StoreIdentity) throws(EventLogError) -> Manifest {
    try Manifest.read(disk, paths, identity)
  }

  /// What a crashed writer left in the page cache becomes durable or fails now, before anything
  /// is concluded from it.
  private func syncBeforeReading(_ manifest: Manifest) throws(EventLogError) {
    if let active = manifest.segments.last {
      let file = try Self.open(disk, paths.segment(active.id), .write, active)
      defer { file.closeQuietly() }
      try file.syncAll()
    }
    try disk.syncNames(paths.segments)
    try disk.syncNames(paths.root)
  }

  /// A listed segment; that it is gone is damage.
  static func open(
    _ disk: any Disk, _ path: String, _ mode: OpenMode, _ segment: Manifest.Segment
  ) throws(EventLogError) -> DiskFile {
    do throws(EventLogError) {
      return try DiskFile(disk, path, mode)
    } catch {
      guard SystemError(error.systemError) == .absent else { throw error }
      throw .damaged(
        path, nil, "the segment is missing; it holds record \(segment.baseLSN) and those after it")
    }
  }
}

extension EventLogError {
  /// While a log is open a lack of room is waited out; nothing waits for the opening.
  fileprivate var atOpening: EventLogError {
    guard SystemError(systemError).isLackOfSpace else { return self }
    return EventLogError(
      .cannotCreate, sentence, advice: "Free space on this file system, then start again.",
      systemError: systemError, file: file, offset: offset)
  }
}

extension Manifest {
  static func read(
    _ disk: any Disk, _ paths: StorePaths, _ identity: StoreIdentity
  ) throws(EventLogError) -> Manifest {
    guard let bytes = try disk.contents(of: paths.manifest, atMost: maxBytes) else {
      throw .damaged(paths.manifest, nil, "the manifest is missing")
    }
    return try decode(bytes, store: identity.store, file: paths.manifest)
  }
}
