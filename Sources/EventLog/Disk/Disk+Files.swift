internal import Glibc

extension Disk {
  /// The whole of a small file, or nil when it does not exist.
  func contents(of path: String, atMost limit: Int) throws(EventLogError) -> [UInt8]? {
    let descriptor: Descriptor
    do throws(SystemError) {
      descriptor = try open(path, .read)
    } catch .absent {
      return nil
    } catch {
      throw EventLogError(
        .readFailed, "the file could not be opened", systemError: error.number, file: path)
    }
    defer { try? close(descriptor) }
    do throws(SystemError) {
      let size = Int(try self.size(descriptor))
      guard size <= limit else {
        throw SystemError.invalid
      }
      var bytes = [UInt8](repeating: 0, count: size)
      var done = 0
      while done < size {
        var count = 0
        var failed: SystemError?
        bytes.withUnsafeMutableBytes { buffer in
          do throws(SystemError) {
            count = try read(
              descriptor, into: UnsafeMutableRawBufferPointer(rebasing: buffer[done...]),
              at: Int64(done))
          } catch {
            failed = error
          }
        }
        if let failed { throw failed }
        if count == 0 { break }
        done += count
      }
      return Array(bytes[..<done])
    } catch {
      throw EventLogError(
        .readFailed, "reading failed", systemError: error.number, file: path)
    }
  }

  /// Replaces a file as one step: a temporary file, fsync, rename, fsync of the directory.
  ///
  /// - Parameters:
  ///   - temporary: the temporary file's name, if not the usual one.
  ///   - check: the last word before the rename.
  func replaceFile(
    _ name: String, in directory: String, with bytes: [UInt8], breaks: Breaks = [],
    temporary: String? = nil,
    check: () throws(EventLogError) -> Void = { () throws(EventLogError) in }
  ) throws(EventLogError) {
    let path = directory + "/" + name
    let temporary = directory + "/" + (temporary ?? name + ".tmp")
    let file = try DiskFile(self, temporary, .replace, creating: true)
    do throws(EventLogError) {
      try bytes.withBytes { bytes throws(EventLogError) in try file.write(bytes, at: 0) }
      try file.syncAll()
    } catch {
      file.closeQuietly()
      throw error
    }
    try file.close()
    try check()
    try renameDurably(temporary, to: path, in: directory, breaks: breaks)
  }

  /// Renames and makes the new name durable.
  func renameDurably(
    _ from: String, to path: String, in directory: String, breaks: Breaks = []
  ) throws(EventLogError) {
    do throws(SystemError) {
      try rename(from, to: path)
    } catch {
      throw EventLogError(
        .writeFailed, "the file could not be renamed", systemError: error.number, file: from)
    }
    if !breaks.has(.skipDirectorySync) { try syncNames(directory) }
  }

  /// As `renameDurably`, and never over a file that is there.
  ///
  /// - Throws: `fenced` when there is one: only another writer can have made it.
  func renameNewDurably(
    _ from: String, to path: String, in directory: String, breaks: Breaks = []
  ) throws(EventLogError) {
    if breaks.has(.ignoreOtherWriters) {
      return try renameDurably(from, to: path, in: directory, breaks: breaks)
    }
    do throws(SystemError) {
      try renameNew(from, to: path)
    } catch .exists {
      throw .fenced(path, "another writer has made this file")
    } catch {
      throw EventLogError(
        .writeFailed, "the file could not be renamed", systemError: error.number, file: from)
    }
    if !breaks.has(.skipDirectorySync) { try syncNames(directory) }
  }

  func syncNames(_ directory: String) throws(EventLogError) {
    do throws(SystemError) {
      try syncDirectory(directory)
    } catch {
      throw EventLogError(
        .writeFailed, "the directory could not be synced", systemError: error.number,
        file: directory)
    }
  }

  /// All folders that lead to a new store or backup, whoever made them: a power cut must not take
  /// one of them.
  func syncFolders(above paths: StorePaths) throws(EventLogError) {
    var folder = paths
    while folder.parent != folder.root {
      folder = StorePaths(root: folder.parent)
      do throws(SystemError) {
        try syncDirectory(folder.root)
      } catch {
        // What this process may not even read was there before it.
        if [EACCES, EPERM, EROFS, EINVAL].contains(error.number) { continue }
        throw EventLogError(
          .writeFailed, "the directory could not be synced", systemError: error.number,
          file: folder.root)
      }
    }
  }

  func names(in directory: String) throws(EventLogError) -> [String] {
    do throws(SystemError) {
      return try list(directory)
    } catch .absent {
      return []
    } catch {
      throw EventLogError(
        .readFailed, "the directory could not be read", systemError: error.number,
        file: directory)
    }
  }

  /// Whether nothing is in a directory, or nothing but what a fresh file system has there.
  func isVacant(_ directory: String) throws(EventLogError) -> Bool {
    try names(in: directory).allSatisfy { $0 == Self.lostAndFound }
  }

  /// The directory that ext4 has at its root.
  static var lostAndFound: String { "lost+found" }

  /// Removes a file; one that is already gone is fine.
  func removeIfPresent(_ path: String) throws(EventLogError) {
    do throws(SystemError) {
      try remove(path)
    } catch .absent {
      return
    } catch {
      throw EventLogError(
        .writeFailed, "the file could not be removed", systemError: error.number, file: path)
    }
  }

  /// True when the directory was made, false when it was there.
  func makeDirectoryIfAbsent(_ path: String) throws(EventLogError) -> Bool {
    do throws(SystemError) {
      try makeDirectory(path)
      return true
    } catch .exists {
      return false
    } catch {
      throw EventLogError(
        .cannotCreate, "the directory could not be made", systemError: error.number, file: path)
    }
  }
}
