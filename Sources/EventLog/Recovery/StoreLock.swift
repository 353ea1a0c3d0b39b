/// The lock that makes a process the writer of a store. It goes with its file.
enum StoreLock {
  /// - Throws: `locked` when another process has it.
  static func take(_ disk: any Disk, _ paths: StorePaths) throws(EventLogError) -> DiskFile {
    let file = try DiskFile(disk, paths.lock, .writeOrCreate, creating: true)
    do throws(SystemError) {
      if try disk.lock(file.descriptor) { return file }
    } catch {
      file.closeQuietly()
      throw EventLogError(
        .cannotCreate, "the lock could not be taken",
        advice: "Network file systems are not supported.", systemError: error.number,
        file: paths.lock)
    }
    file.closeQuietly()
    throw held(paths)
  }

  static func held(_ paths: StorePaths) -> EventLogError {
    EventLogError(
      .locked, "another process holds the store",
      advice: "One writer a store: stop the other process, or wait until it has ended.",
      file: paths.lock)
  }
}
