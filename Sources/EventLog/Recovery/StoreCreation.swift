/// Makes a new store. STORE is written last, so a directory without it was never finished, and
/// making it again is safe as long as no frame was written. Where it finds no room, it leaves none
/// of its files behind.
struct StoreCreation {
  let options: EventLogOptions
  let paths: StorePaths

  private var disk: any Disk { options.disk }

  /// - Throws: `missing` where a store must be and is none. Changes nothing.
  static func checkPermitted(
    _ options: EventLogOptions, _ paths: StorePaths
  ) throws(EventLogError) {
    guard
      options.mustExist, try options.disk.contents(of: paths.identity, atMost: 1 << 20) == nil
    else { return }
    throw EventLogError(
      .missing, "there is no event log here, and it is said that there must be one",
      advice: """
        Is the volume mounted that holds it? Only a first start may make a new one: \
        store.mustExist is false then.
        """,
      file: paths.identity)
  }

  /// What is there, before anything is made.
  ///
  /// - Returns: the room that there is; nil when the file system does not say.
  /// - Throws: `cannotCreate` when it is too little.
  static func prepare(
    _ options: EventLogOptions, _ paths: StorePaths
  ) throws(EventLogError) -> StoreRoom? {
    let creation = StoreCreation(options: options, paths: paths)
    try creation.checkNothingIsLost()
    let room = try StoreRoom.ofNewStore(options, paths)
    // Of an interrupted creation, and without a frame.
    try creation.disk.removeIfPresent(paths.segment(1))
    return room
  }

  func run() throws(EventLogError) -> StoreIdentity {
    do throws(EventLogError) {
      return try make()
    } catch {
      if SystemError(error.systemError).isLackOfSpace { removeAll() }
      throw error
    }
  }

  /// STORE first: without it there is no store.
  private func removeAll() {
    let manifest = [paths.manifest, paths.manifest + ".tmp", paths.identity + ".tmp"]
    let segments = [paths.spare, paths.reserve, paths.unfinishedSpare, paths.segment(1)]
    do throws(EventLogError) {
      for file in [paths.identity] + manifest + segments { try disk.removeIfPresent(file) }
    } catch {
      // The next creation goes over what is left.
    }
  }

  private func make() throws(EventLogError) -> StoreIdentity {
    let identity = try StoreIdentity.random()
    var ready = try SpareFile.tidy(options, paths)
    // One of an interrupted creation makes room for it.
    try disk.removeIfPresent(paths.spare)
    try SpareFile.make(options, paths, as: paths.spare)
    ready.hasSpare = true
    ready.hasUnreadSpare = false
    let preparer = SparePreparer(options, paths, ready: ready, onSpace: { _ in })
    let (header, file) = try SegmentWriter.makeSegment(
      options: options, paths: paths, preparer: preparer, store: identity.store, id: 1,
      after: .beginning, epoch: 0)
    try file.close()
    var manifest = Manifest(
      store: identity.store, generation: 0, epoch: 0, isClosed: true, origin: .beginning,
      segments: [])
    manifest.add(header)
    manifest.seal(
      at: Manifest.End(offset: Int64(Limits.segmentHeaderBytes), point: .beginning))
    try disk.replaceFile(Manifest.fileName, in: paths.root, with: manifest.encoded())
    try disk.syncFolders(above: paths)
    try disk.replaceFile(StoreIdentity.fileName, in: paths.root, with: identity.encoded())
    return identity
  }

  /// A store that lost its STORE file must not be taken for a new one.
  private func checkNothingIsLost() throws(EventLogError) {
    for name in try disk.names(in: paths.segments) {
      guard let id = SegmentHeader.id(fileName: name) else { continue }
      let isBegun = try Self.isEmpty(disk, paths.segment(id)) == false
      if id != 1 || isBegun { throw missing(paths.segment(id)) }
    }
    let manifest = try disk.contents(of: paths.manifest, atMost: Manifest.maxBytes)
    if let manifest, !Self.isFirst(manifest) { throw missing(paths.manifest) }
  }

  /// Whether this manifest is what an unfinished creation left: whole, for it is replaced as one
  /// step, and never replaced since.
  private static func isFirst(_ manifest: [UInt8]) -> Bool {
    let end = manifest.count - 4
    return end >= Manifest.headerBytes
      && checksum(manifest[..<end]) == manifest.integer(UInt32.self, at: end)
      && manifest.integer(UInt64.self, at: 32) <= 1
  }

  private func missing(_ file: String) -> EventLogError {
    .damaged(paths.identity, nil, "STORE is missing, but there is \(file)")
  }

  /// Whether a segment file holds no frame: nothing but zeros where the first would begin.
  static func isEmpty(_ disk: any Disk, _ path: String) throws(EventLogError) -> Bool {
    let file = try DiskFile(disk, path, .read)
    defer { file.closeQuietly() }
    var bytes = [UInt8](repeating: 0, count: Limits.minSegmentBytes)
    let count = try bytes.withMutableBytes { (buffer) throws(EventLogError) in
      try file.read(into: buffer, at: Int64(Limits.segmentHeaderBytes))
    }
    return bytes.withBytes { isZero(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
  }
}
