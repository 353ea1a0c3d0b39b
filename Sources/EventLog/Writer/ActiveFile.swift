internal import Glibc

/// The file of the active segment, open twice: through the page cache, for small frames, which
/// share a block and which readers soon want; and around it, for large ones, where the processor
/// need not copy them and the kernel need not find pages for them.
struct ActiveFile {
  private let cached: DiskFile
  /// Nil where the file system has nothing of the kind.
  private let direct: DiskFile?

  /// Takes over `cached`, also when it throws.
  init(_ cached: DiskFile) throws(EventLogError) {
    self.cached = cached
    do throws(EventLogError) {
      direct = try DiskFile(cached.disk, cached.path, .writeDirect)
    } catch {
      guard error.systemError == EINVAL || error.systemError == EOPNOTSUPP else {
        cached.closeQuietly()
        throw error
      }
      direct = nil
    }
  }

  var canWriteDirectly: Bool { direct != nil }

  /// `directly`: where it can; offset, count and address must be multiples of a block.
  func write(
    _ bytes: UnsafeRawBufferPointer, at offset: Int64, directly: Bool
  ) throws(EventLogError) {
    try (directly ? direct ?? cached : cached).write(bytes, at: offset)
  }

  /// What was written either way: a sync is of the file, and each descriptor is told once of an
  /// error that any of them met.
  func syncData() throws(EventLogError) { try cached.syncData() }

  func close() throws(EventLogError) {
    direct?.closeQuietly()
    try cached.close()
  }

  func closeQuietly() {
    direct?.closeQuietly()
    cached.closeQuietly()
  }
}
