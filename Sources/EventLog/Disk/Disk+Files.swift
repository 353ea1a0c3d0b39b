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
  func replaceFile(
    _ name: String, in directory: String, with bytes: [UInt8], breaks: Breaks = []
  ) throws(EventLogError) {
    let path = directory + "/" + name
    let temporary = path + ".tmp"
    let file = try DiskFile(self, temporary, .replace, creating: true)
    do throws(EventLogError) {
      try bytes.withBytes { bytes throws(EventLogError) in try file.write(bytes, at: 0) }
      try file.syncAll()
    } catch {
      file.closeQuietly()
      throw error
    }
    try file.close()
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

  func syncNames(_ directory: String) throws(EventLogError) {
    do throws(SystemError) {
      try syncDirectory(directory)
    } catch {
      throw EventLogError(
        .writeFailed, "the directory could not be synced", systemError: error.number,
        file: directory)
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
