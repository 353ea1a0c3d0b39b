internal import Glibc

/// What makes a process the writer of a store: flock(2) on its directory, an open-file-description
/// lock on the file LOCK in it, and the words in that file. The locks end with their files.
///
/// Locks do not reach everywhere: LOCK may be removed under a writer, and some file systems keep
/// locks to one host. So whoever has taken them also writes into LOCK that the store is its own,
/// before it reads how far the store goes; and a writer acknowledges nothing, and replaces nothing,
/// before it has seen that LOCK still names it. The writer before ends with `fenced` then, and all
/// that it acknowledged is in what the next one reads.
///
/// Nothing in it changes: any thread may ask it.
final class StoreLock: Sendable {
  private let disk: any Disk
  private let paths: StorePaths
  private let breaks: Breaks
  /// Nil where the file system has no such locks.
  private let directory: DiskFile?
  private let file: DiskFile
  /// What LOCK begins with while the store is this writer's.
  private let token: [UInt8]

  private static let bytes = 128

  /// What a holder of the store does, by its word in LOCK.
  enum Holder: String {
    case nobody
    /// It reads how far the store goes, and has not added to it.
    case opening
    case writing
  }

  private init(
    _ disk: any Disk, _ paths: StorePaths, _ breaks: Breaks, directory: DiskFile?, file: DiskFile
  ) throws(EventLogError) {
    self.disk = disk
    self.paths = paths
    self.breaks = breaks
    self.directory = directory
    self.file = file
    token = Array(StoreID(bytes: try randomBytes(16)).text.utf8)
  }

  /// - Throws: `locked` when another process has it.
  static func take(
    _ disk: any Disk, _ paths: StorePaths, breaks: Breaks = []
  ) throws(EventLogError) -> StoreLock {
    let directory = try holdDirectory(disk, paths)
    do throws(EventLogError) {
      let file = try lockFile(disk, paths)
      do throws(EventLogError) {
        let lock = try StoreLock(disk, paths, breaks, directory: directory, file: file)
        try lock.claim()
        return lock
      } catch {
        file.closeQuietly()
        throw error
      }
    } catch {
      directory?.closeQuietly()
      throw error
    }
  }

  static func held(_ paths: StorePaths) -> EventLogError {
    EventLogError(
      .locked, "another process holds the store",
      advice: "One writer a store: stop the other process, or wait until it has ended.",
      file: paths.lock)
  }

  private static func holdDirectory(
    _ disk: any Disk, _ paths: StorePaths
  ) throws(EventLogError) -> DiskFile? {
    do throws(SystemError) {
      if let descriptor = try disk.holdDirectory(paths.root) {
        return DiskFile(disk, paths.root, descriptor)
      }
    } catch {
      if withoutLocks.contains(error.number) { return nil }
      throw EventLogError(
        .cannotCreate, "the directory could not be locked", systemError: error.number,
        file: paths.root)
    }
    throw held(paths)
  }

  /// What file systems say that do not lock directories.
  private static let withoutLocks = [EBADF, EINVAL, ENOLCK, ENOSYS, EOPNOTSUPP]

  private static func lockFile(
    _ disk: any Disk, _ paths: StorePaths
  ) throws(EventLogError) -> DiskFile {
    let file = try DiskFile(disk, paths.lock, .writeOrCreate, creating: true)
    do throws(SystemError) {
      if try disk.lock(file.descriptor) { return file }
    } catch {
      file.closeQuietly()
      throw EventLogError(
        .cannotCreate, "the lock could not be taken",
        advice: "The file system must know locks: put the store on another one.",
        systemError: error.number, file: paths.lock)
    }
    file.closeQuietly()
    throw held(paths)
  }

  /// Says that the store is this process's. Synced for a file system that others see at a sync.
  private func claim() throws(EventLogError) {
    do throws(EventLogError) {
      try write(.opening)
    } catch {
      // A LOCK of before was empty: its first block may be the last that the ballast holds.
      guard SystemError(error.systemError).isLackOfSpace else { throw error }
      try disk.removeIfPresent(paths.ballast)
      try write(.opening)
    }
    try file.syncAll()
    // A writer before that has looked for the last time, and stands still, must not replace the
    // manifest when it goes on.
    for name in try disk.names(in: paths.root)
    where name.hasPrefix(Manifest.fileName + ".") && name.hasSuffix(".tmp") {
      try disk.removeIfPresent(paths.root + "/" + name)
    }
  }

  private var temporaryManifest: String {
    "\(Manifest.fileName).\(String(decoding: token, as: UTF8.self)).tmp"
  }

  /// From now on frames are added.
  func begin() throws(EventLogError) { try write(.writing) }

  /// For a person, too: which process, and on which host.
  private func write(_ holder: Holder) throws(EventLogError) {
    var host = [CChar](repeating: 0, count: 65)
    gethostname(&host, host.count - 1)
    var words = token + Array(" \(holder.rawValue) process \(getpid()) on ".utf8)
    words += host.withUnsafeBytes { bytes in Array(bytes.prefix { $0 != 0 }) }
    words = Array(words.prefix(Self.bytes - 1))
    words += [UInt8](repeating: UInt8(ascii: " "), count: Self.bytes - 1 - words.count)
    words.append(UInt8(ascii: "\n"))
    try words.withBytes { (bytes) throws(EventLogError) in try file.write(bytes, at: 0) }
  }

  /// What its holder does, as another process sees it. Takes no lock.
  static func holder(_ disk: any Disk, _ paths: StorePaths) throws(EventLogError) -> Holder {
    do throws(SystemError) {
      let file = try disk.open(paths.lock, .read)
      defer { try? disk.close(file) }
      guard try disk.isLocked(file) else { return .nobody }
    } catch .absent {
      return .nobody
    } catch {
      throw EventLogError(
        .readFailed, "the lock could not be looked at", systemError: error.number,
        file: paths.lock)
    }
    // A program of before says nothing.
    let words = try words(disk, paths) ?? []
    let word = Array(" \(Holder.opening.rawValue) ".utf8)
    return words.dropFirst(32).starts(with: word) ? .opening : .writing
  }

  /// What LOCK says, whatever else stands behind it; nil when it is gone.
  private static func words(
    _ disk: any Disk, _ paths: StorePaths
  ) throws(EventLogError) -> [UInt8]? {
    let file: DiskFile
    do throws(EventLogError) {
      file = try DiskFile(disk, paths.lock, .read)
    } catch {
      if SystemError(error.systemError) == .absent { return nil }
      throw error
    }
    defer { file.closeQuietly() }
    return try words(of: file)
  }

  private static func words(of file: DiskFile) throws(EventLogError) -> [UInt8] {
    var words = [UInt8](repeating: 0, count: bytes)
    let count = try words.withMutableBytes { (buffer) throws(EventLogError) in
      try file.read(into: buffer, at: 0)
    }
    return Array(words[..<count])
  }

  /// After every sync, so it is cheap: LOCK is opened only where its name leads elsewhere.
  ///
  /// - Throws: `fenced` when LOCK does not name this writer any more.
  func check() throws(EventLogError) {
    if breaks.has(.ignoreOtherWriters) { return }
    let isSame = (try? disk.isNamed(paths.lock, file.descriptor)) ?? false
    let isOurs = isSame ? try hasToken() : try wordsByName().starts(with: token)
    if !isOurs { throw .fenced(paths.lock, "another writer has taken the store") }
  }

  /// Whether the open file begins with the token.
  private func hasToken() throws(EventLogError) -> Bool {
    try withUnsafeTemporaryAllocation(byteCount: token.count, alignment: 8) {
      (found) -> Result<Bool, EventLogError> in
      Result { () throws(EventLogError) in
        try file.read(into: found, at: 0) == token.count && found.elementsEqual(token)
      }
    }.get()
  }

  /// What LOCK says by its name: that may be another file than the open one.
  private func wordsByName() throws(EventLogError) -> [UInt8] {
    do throws(EventLogError) {
      guard let words = try Self.words(disk, paths) else {
        throw .fenced(paths.lock, "LOCK was removed: another writer may have the store")
      }
      return words
    } catch {
      if error.code == .fenced { throw error }
      // Too few descriptors, or rights that somebody took, are no sign of another writer: then the
      // file that is open has to do.
      return try Self.words(of: file)
    }
  }

  /// Why something failed: what another writer did to the files under this one is no fault of the
  /// disk.
  func reason(for failure: EventLogError) -> EventLogError { fence ?? failure }

  /// That another writer has the store; nil as far as can be seen.
  var fence: EventLogError? {
    do throws(EventLogError) {
      try check()
    } catch {
      if error.code == .fenced { return error }
    }
    return nil
  }

  /// The same, and that MANIFEST is the one that this writer knows.
  func check(_ manifest: Manifest) throws(EventLogError) {
    if breaks.has(.ignoreOtherWriters) { return }
    try check()
    let bytes = try disk.contents(of: paths.manifest, atMost: Manifest.maxBytes)
    guard
      let bytes,
      try Manifest.decode(bytes, store: manifest.store, file: paths.manifest) == manifest
    else {
      throw .fenced(paths.manifest, "another writer has replaced the manifest")
    }
  }

  /// Replaces the manifest that this writer knows, and no other: by a temporary name of its own,
  /// which whoever takes the store removes.
  func replaceManifest(_ known: Manifest, with next: Manifest) throws(EventLogError) {
    do throws(EventLogError) {
      try disk.replaceFile(
        Manifest.fileName, in: paths.root, with: next.encoded(), breaks: breaks,
        temporary: temporaryManifest
      ) { () throws(EventLogError) in try check(known) }
    } catch {
      guard
        SystemError(error.systemError) == .absent,
        error.file == paths.root + "/" + temporaryManifest
      else { throw error }
      throw .fenced(paths.manifest, "another writer has taken the store")
    }
  }

  func closeQuietly() {
    file.closeQuietly()
    directory?.closeQuietly()
  }
}
