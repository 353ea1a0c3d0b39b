internal import Glibc

/// Copies files and takes their digests, with one buffer.
final class FileCopier {
  private let disk: any Disk
  private var buffer = [UInt8](repeating: 0, count: FileDigest.pieceBytes)
  /// Told of every piece read or written.
  private let onBytes: (Int) -> Void

  init(_ disk: any Disk, onBytes: @escaping (Int) -> Void) {
    self.disk = disk
    self.onBytes = onBytes
  }

  /// Copies the first `bytes` of a file to a new one, which is synced and as long as `size`, the
  /// rest of it zeros that take no space.
  func copy(
    _ from: String, to path: String, bytes: Int64, size: Int64
  ) throws(EventLogError) -> FileDigest {
    let source = try DiskFile(disk, from, .read)
    defer { source.closeQuietly() }
    disk.announceSequentialRead(source.descriptor)
    let target = try DiskFile(disk, path, .replace, creating: true)
    do throws(EventLogError) {
      var digest = FileDigest()
      var offset: Int64 = 0
      while offset < bytes {
        let count = try read(source, at: offset, limit: bytes - offset)
        try buffer.withBytes { (all) throws(EventLogError) in
          digest.add(UnsafeRawBufferPointer(rebasing: all[..<count]))
          try target.write(UnsafeRawBufferPointer(rebasing: all[..<count]), at: offset)
        }
        offset += Int64(count)
        onBytes(count)
      }
      if size > bytes, ftruncate(target.descriptor.number, Int(size)) != 0 {
        throw EventLogError(
          .writeFailed, "the file could not be made longer", systemError: errno, file: path)
      }
      try target.syncAll()
      disk.dropCache(target.descriptor)
      try target.close()
      return digest
    } catch {
      target.closeQuietly()
      throw error
    }
  }

  /// The digest of the first `bytes` of a file.
  func digest(of path: String, bytes: Int64) throws(EventLogError) -> FileDigest {
    let file = try DiskFile(disk, path, .read)
    defer { file.closeQuietly() }
    disk.announceSequentialRead(file.descriptor)
    var digest = FileDigest()
    var offset: Int64 = 0
    while offset < bytes {
      let count = try read(file, at: offset, limit: bytes - offset)
      buffer.withBytes { digest.add(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
      offset += Int64(count)
      onBytes(count)
    }
    return digest
  }

  /// Another name for the same file: false where the file system cannot, or is another one.
  func link(_ from: String, to path: String) throws(EventLogError) -> Bool {
    if Glibc.link(from, path) == 0 { return true }
    let number = errno
    if [EXDEV, EPERM, EOPNOTSUPP, EMLINK].contains(number) { return false }
    throw EventLogError(
      number == ENOENT ? .readFailed : .cannotCreate, "the file could not be linked",
      systemError: number, file: from)
  }

  private func read(
    _ file: DiskFile, at offset: Int64, limit: Int64
  ) throws(EventLogError) -> Int {
    let wanted = Int(min(Int64(buffer.count), limit))
    let count = try buffer.withMutableBytes { (all) throws(EventLogError) in
      try file.read(into: UnsafeMutableRawBufferPointer(rebasing: all[..<wanted]), at: offset)
    }
    guard count > 0 else {
      throw .damaged(
        file.path, offset, "the file ends here; expected \(limit) more bytes")
    }
    return count
  }
}
