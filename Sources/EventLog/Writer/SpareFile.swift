internal import CSystemCalls
internal import Glibc

/// Makes the next segment's file.
enum SpareFile {
  private static let chunkBytes = 4 << 20
  /// Synced this often, so that the fill never piles up dirty pages before a commit's sync.
  private static let syncBytes = 8 << 20

  /// Fills `spare.tmp` with zeros, syncs it, and only then gives it its name (`spare.next` or
  /// `reserve.next`): written blocks make a later fdatasync about 1.7 times as fast as blocks that
  /// are only reserved. Reserved blocks do when somebody waits.
  ///
  /// - Parameters:
  ///   - replacing: a file of this name that was found and is not used goes before.
  ///   - pace: told how many bytes are written and synced; returns when more may be.
  static func make(
    _ options: EventLogOptions, _ paths: StorePaths, as name: String, isAwaited: Bool = false,
    replacing: Bool = false, pace: (_ done: Int) -> Void = { _ in }
  ) throws(EventLogError) {
    let disk = options.disk
    let path = paths.unfinishedSpare
    let file = try open(disk, path)
    disk.overwriteInPlace(file.descriptor)
    do throws(EventLogError) {
      try fill(file, bytes: options.segmentBytes, isAwaited: isAwaited, pace: pace)
    } catch {
      file.closeQuietly()
      try? disk.removeIfPresent(path)
      throw error
    }
    try file.close()
    if replacing { try disk.removeIfPresent(name) }
    try disk.renameNewDurably(
      path, to: name, in: paths.segments, breaks: options.breaks)
  }

  /// The reserve becomes the spare.
  static func useReserve(_ options: EventLogOptions, _ paths: StorePaths) throws(EventLogError) {
    try options.disk.renameNewDurably(
      paths.reserve, to: paths.spare, in: paths.segments, breaks: options.breaks)
  }

  /// Makes the blocks that a manifest may need on a full disk; a smaller ballast stays until then.
  static func makeBallast(
    _ options: EventLogOptions, _ paths: StorePaths, bytes: Int
  ) throws(EventLogError) {
    do throws(EventLogError) {
      try options.disk.replaceFile(
        StorePaths.ballastName, in: paths.root,
        with: [UInt8](repeating: 0xB5, count: bytes))
    } catch {
      // What there is of it takes the room of others.
      try? options.disk.removeIfPresent(paths.ballast + ".tmp")
      throw error
    }
  }

  /// Around the page cache where that is possible: the processor then copies nothing, and pages
  /// that somebody reads are not pushed out by zeros.
  private static func open(_ disk: any Disk, _ path: String) throws(EventLogError) -> DiskFile {
    do {
      return try DiskFile(disk, path, .replaceDirect, creating: true)
    } catch {
      guard error.systemError == EINVAL || error.systemError == EOPNOTSUPP else { throw error }
    }
    return try DiskFile(disk, path, .replace, creating: true)
  }

  private static func fill(
    _ file: DiskFile, bytes: Int, isAwaited: Bool, pace: (_ done: Int) -> Void
  ) throws(EventLogError) {
    let isReserved: Bool
    do throws(SystemError) {
      isReserved = try file.disk.allocate(file.descriptor, Int64(bytes))
    } catch {
      guard error.isLackOfSpace else {
        throw EventLogError(
          .writeFailed, "the blocks of a segment of \(bytes) bytes could not be reserved",
          systemError: error.number, file: file.path)
      }
      throw EventLogError(
        .cannotCreate, "there is no room for a segment of \(bytes) bytes",
        advice: "Free space on this file system.",
        systemError: error.number, file: file.path)
    }
    if isAwaited, isReserved { return try file.syncAll() }
    // Never written to, so that the kernel has one page of zeros for all of it.
    guard let zeros = csystem_map_big(chunkBytes) else {
      throw EventLogError(.cannotCreate, "there is no memory for zeros", file: file.path)
    }
    defer { csystem_unmap(zeros, chunkBytes) }
    var done = 0
    while done < bytes {
      let count = min(chunkBytes, bytes - done)
      try file.write(UnsafeRawBufferPointer(start: zeros, count: count), at: Int64(done))
      done += count
      guard done % syncBytes == 0, done < bytes else { continue }
      try file.syncData()
      pace(done)
    }
    try file.syncAll()
  }

  /// What is prepared.
  struct Ready: Sendable {
    var hasSpare = false
    var hasReserve = false
    /// 0 for none.
    var ballastBytes = 0
    /// Files of another process, of which only the size is known: a byte in one that is not zero
    /// would be taken for damage once it is a segment.
    var hasUnreadSpare = false
    var hasUnreadReserve = false
  }

  /// Removes what an interrupted preparation left; which whole files of the right size are there.
  static func tidy(_ options: EventLogOptions, _ paths: StorePaths) throws(EventLogError) -> Ready {
    try options.disk.removeIfPresent(paths.unfinishedSpare)
    return Ready(
      ballastBytes: try bytesOfBallast(options, paths),
      hasUnreadSpare: try isWhole(options, paths.spare, Int64(options.segmentBytes)),
      hasUnreadReserve: try isWhole(options, paths.reserve, Int64(options.segmentBytes)))
  }

  /// Reads a file that was found, around the page cache where that is possible. One that cannot be
  /// read, or has a byte that is not zero, is removed.
  ///
  /// - Parameter pace: told how many bytes were read; returns when more may be, or false to give
  ///   up.
  /// - Returns: whether it may be used; nil when it was given up.
  static func check(
    _ options: EventLogOptions, _ path: String, pace: (_ done: Int) -> Bool
  ) throws(EventLogError) -> Bool? {
    guard let isSound = isUnwritten(options.disk, path, bytes: options.segmentBytes, pace) else {
      return nil
    }
    if !isSound { try options.disk.removeIfPresent(path) }
    return isSound
  }

  private static func isUnwritten(
    _ disk: any Disk, _ path: String, bytes: Int, _ pace: (_ done: Int) -> Bool
  ) -> Bool? {
    guard let file = (try? DiskFile(disk, path, .readDirect)) ?? (try? DiskFile(disk, path, .read))
    else { return false }
    defer { file.closeQuietly() }
    let buffer = UnsafeMutableRawBufferPointer.allocate(
      byteCount: min(checkBytes, bytes), alignment: Limits.blockBytes)
    defer { buffer.deallocate() }
    var done = 0
    while done < bytes {
      let part = UnsafeMutableRawBufferPointer(rebasing: buffer[..<min(buffer.count, bytes - done)])
      guard
        (try? file.read(into: part, at: Int64(done))) == part.count,
        isZero(UnsafeRawBufferPointer(part))
      else { return false }
      done += part.count
      if done < bytes, !pace(done) { return nil }
    }
    return true
  }

  private static let checkBytes = 1 << 20

  private static func isWhole(
    _ options: EventLogOptions, _ path: String, _ bytes: Int64
  ) throws(EventLogError) -> Bool {
    let file: DiskFile
    do throws(EventLogError) {
      file = try DiskFile(options.disk, path, .read)
    } catch {
      if SystemError(error.systemError) == .absent { return false }
      throw error
    }
    defer { file.closeQuietly() }
    if try file.size() == bytes { return true }
    try options.disk.removeIfPresent(path)
    return false
  }

  private static func bytesOfBallast(
    _ options: EventLogOptions, _ paths: StorePaths
  ) throws(EventLogError) -> Int {
    try options.disk.removeIfPresent(paths.ballast + ".tmp")
    guard let descriptor = try? options.disk.open(paths.ballast, .read) else { return 0 }
    defer { try? options.disk.close(descriptor) }
    return Int((try? options.disk.size(descriptor)) ?? 0)
  }
}
