internal import LogSequence

/// A damaged store as salvage reads it: every sound record, in order, and what lies between them.
struct SalvageSource {
  let disk: any Disk
  let paths: StorePaths
  let identity: StoreIdentity
  let manifest: Manifest
  let hasLostManifest: Bool
  /// Bytes of the largest segment that is there.
  let largestFile: UInt64
  private let mark: DurableMark?

  /// - Throws: when there is no store, its identity is lost (the key of its hashes is), or there is
  ///   neither a manifest nor a segment.
  init(_ disk: any Disk, _ paths: StorePaths) throws(EventLogError) {
    self.disk = disk
    self.paths = paths
    guard let bytes = try disk.contents(of: paths.identity, atMost: 1 << 20) else {
      throw EventLogError(
        .notAStore, "there is no event log here",
        advice: "Check the path of the store. STORE of any backup of it does in its place.",
        file: paths.identity)
    }
    identity = try StoreIdentity.decode(bytes, file: paths.identity)
    mark = try? DurableMark.read(disk, paths.root, store: identity.store)
    do throws(EventLogError) {
      manifest = try Self.readManifest(disk, paths, identity)
      hasLostManifest = false
    } catch {
      guard error.code == .damaged || error.code == .readFailed else { throw error }
      manifest = try Self.rebuildManifest(disk, paths, identity, error)
      hasLostManifest = true
    }
    largestFile = Self.largestFile(disk, paths, manifest)
  }

  /// The store as a reader sees it.
  init(_ disk: any Disk, _ paths: StorePaths, _ identity: StoreIdentity, _ manifest: Manifest) {
    self.disk = disk
    self.paths = paths
    self.identity = identity
    self.manifest = manifest
    hasLostManifest = false
    largestFile = Self.largestFile(disk, paths, manifest)
    mark = try? DurableMark.read(disk, paths.root, store: identity.store)
  }

  /// What the new store begins with must leave it room.
  private static func readManifest(
    _ disk: any Disk, _ paths: StorePaths, _ identity: StoreIdentity
  ) throws(EventLogError) -> Manifest {
    let manifest = try Manifest.read(disk, paths, identity)
    try manifest.checkRoomToCount(after: manifest.origin, file: paths.manifest)
    return manifest
  }

  /// What the segments say of themselves, for want of a manifest.
  private static func rebuildManifest(
    _ disk: any Disk, _ paths: StorePaths, _ identity: StoreIdentity, _ error: EventLogError
  ) throws(EventLogError) -> Manifest {
    var headers: [SegmentHeader] = []
    for name in try disk.names(in: paths.segments) {
      guard
        let id = SegmentHeader.id(fileName: name),
        let file = try? DiskFile(disk, paths.segment(id), .read)
      else { continue }
      let bytes = DamagedFile(file).copy(at: 0, Limits.segmentHeaderBytes)
      guard
        let header = try? SegmentHeader.decode(bytes, file: name), header.id == id,
        header.store == identity.store, id < Limits.lastCounterToOpen,
        1...Limits.lastLSNToOpen ~= header.baseLSN,
        1...Limits.lastCounterToOpen ~= header.baseSequence,
        header.epoch < Limits.lastCounterToOpen,
        header.baseLSN >= headers.last?.baseLSN ?? 1
      else { continue }
      headers.append(header)
    }
    guard let first = headers.first, let last = headers.last else { throw error }
    var manifest = Manifest(
      store: identity.store, generation: 0, epoch: last.epoch, isClosed: false,
      // Higher than anybody has counted to: nobody knows how far that is.
      lineage: UInt64(clamping: wallNanoseconds() / 1_000_000_000),
      origin: ChainPoint(
        lsn: first.baseLSN.previous, sequence: first.baseSequence - 1, chain: first.previousChain),
      segments: [])
    for header in headers { manifest.add(header) }
    return manifest
  }

  /// How far the log went, as far as that is known: by the manifest or the mark.
  private var knownLSN: LSN {
    let last = manifest.segments.last
    return max(last?.end?.point.lsn ?? 0, (last?.baseLSN ?? 1).previous, mark?.lsn ?? 0)
  }

  /// Told of each sound record, of which segment it is, and of what is lost before it.
  struct Visitor {
    var record: (RecordView) throws -> Void
    var lost: (StoreFinding, _ bytes: Int64) throws -> Void
    /// Bytes done of how many.
    var progress: (Int64, Int64) -> Void = { _, _ in }
  }

  /// The last sound record, or the one before the newest segment.
  func lastLSN() -> LSN {
    guard let segment = manifest.segments.last else { return manifest.origin.lsn }
    var last = segment.baseLSN.previous
    try? visit(
      segment, last: segment.end?.point.lsn,
      Visitor(record: { last = $0.header.lsn }, lost: { _, _ in }))
    return last
  }

  /// - Parameter first: segments that end before this record are left out.
  func visit(_ visitor: Visitor, from first: LSN = 0) throws {
    let total = manifest.segments.reduce(Int64(0)) { $0 + ($1.end?.offset ?? 0) }
    var done: Int64 = 0
    for (index, segment) in manifest.segments.enumerated() {
      let next = manifest.segments.dropFirst(index + 1).first
      let last = next.map { $0.baseLSN.previous } ?? segment.end?.point.lsn
      if last ?? .max >= first { try visit(segment, last: last, visitor) }
      done += segment.end?.offset ?? 0
      visitor.progress(min(done, total), total)
    }
  }

  /// Bytes of the largest segment that is there, whatever a header says: 16 GiB at most.
  private static func largestFile(
    _ disk: any Disk, _ paths: StorePaths, _ manifest: Manifest
  ) -> UInt64 {
    var largest: Int64 = 0
    for segment in manifest.segments {
      guard let file = try? DiskFile(disk, paths.segment(segment.id), .read) else { continue }
      largest = max(largest, (try? file.size()) ?? 0)
      file.closeQuietly()
    }
    return UInt64(min(largest, Int64(Limits.maxSegmentBytes)))
  }

  /// `last`: of its records; nil when nobody knows.
  private func visit(_ segment: Manifest.Segment, last: LSN?, _ visitor: Visitor) throws {
    guard segment.baseLSN <= min(last ?? .max, Limits.lastLSNToOpen) else { return }
    let path = paths.segment(segment.id)
    guard let file = try? DiskFile(disk, path, .read) else {
      if isRetired(segment) { return }
      guard let last = last ?? (knownLSN >= segment.baseLSN ? knownLSN : nil) else { return }
      return try lose(segment, segment.baseLSN...last, nil, 0, visitor)
    }
    let size = (try? file.size()) ?? 0
    let lsns = segment.baseLSN...(last ?? Limits.lastLSNToOpen)
    var end = min(segment.end?.offset ?? size, Int64(Limits.maxSegmentBytes))
    if last == nil { end = try endOfActive(path, size, segment.id, lsns) }
    var records = SoundRecords(file, identity, end: end, lsns: lsns)
    var next = segment.baseLSN
    var offset = Int64(Limits.segmentHeaderBytes)
    try records.forEach { record, at in
      if record.header.lsn > next {
        try lose(segment, next...record.header.lsn.previous, offset, at - offset, visitor)
      }
      try visitor.record(record)
      next = record.header.lsn.next
      offset = at + Int64(RecordCodec.length(id: record.id.count, payload: record.payload.count))
      return true
    }
    let through = last ?? max(knownLSN, next.previous)
    guard next <= through else { return }
    try lose(segment, next...through, offset, max(0, end - offset), visitor)
  }

  /// What stands behind the last whole frame was never acknowledged, unless the mark says so.
  private func endOfActive(
    _ path: String, _ size: Int64, _ id: UInt64, _ lsns: ClosedRange<LSN>
  ) throws(EventLogError) -> Int64 {
    let whole = SoundRecords(try DiskFile(disk, path, .read), identity, end: size, lsns: lsns)
    guard whole.canSeeFrames else { return size }
    let marked = mark.flatMap { $0.segment == id ? $0.offset : nil } ?? 0
    return max(whole.endOfWholeFrames(), min(marked, size))
  }

  /// - Throws: when more records are said to be lost than there was room for: numbers that cannot
  ///   be.
  private func lose(
    _ segment: Manifest.Segment, _ lsns: ClosedRange<LSN>, _ offset: Int64?, _ bytes: Int64,
    _ visitor: Visitor
  ) throws {
    let path = paths.segment(segment.id)
    let next = manifest.segments.first { $0.id > segment.id }?.id ?? segment.id + 1
    // Of missing segments behind it, too, as far as a store loses them.
    let room = largestFile / UInt64(Limits.recordHeaderBytes) * min(next - segment.id, 1024)
    let count = UInt64(lsns.count)
    guard count <= room else {
      throw EventLogError.damaged(
        path, offset, "\(count) records are said to be here, more than there was room for")
    }
    let found = offset == nil ? "the segment is missing" : "no sound record behind this byte"
    try visitor.lost(
      StoreFinding(file: path, offset: offset, found: found, lostRecords: lsns), bytes)
  }

  /// Whether retention has removed it meanwhile.
  private func isRetired(_ segment: Manifest.Segment) -> Bool {
    guard let end = segment.end, let now = try? Manifest.read(disk, paths, identity) else {
      return false
    }
    return now.origin.lsn >= end.point.lsn
  }
}
