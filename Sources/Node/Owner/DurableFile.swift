internal import Glibc

/// Small files that are there whole or not at all.
enum DurableFile {
  /// Replaces a file as one step: a temporary name, synced, renamed. The folder is the caller's to
  /// sync. Others may replace the same file meanwhile, each by a name of its own.
  static func replace(_ file: String, with bytes: [UInt8]) throws(NodeError) {
    let temporary = "\(file).\(UInt64.random(in: .min ... .max)).tmp"
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw failure("create", temporary) }
    var written = 0
    while written < bytes.count {
      let count = bytes.withUnsafeBytes { buffer in
        Glibc.write(descriptor, buffer.baseAddress.map { $0 + written }, bytes.count - written)
      }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else {
        let error = failure("write", temporary)
        close(descriptor)
        unlink(temporary)
        throw error
      }
      written += count
    }
    guard fsync(descriptor) == 0, close(descriptor) == 0, rename(temporary, file) == 0 else {
      let error = failure("write", file)
      unlink(temporary)
      throw error
    }
  }

  static func syncFolder(_ folder: String) throws(NodeError) {
    let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0, fsync(descriptor) == 0, close(descriptor) == 0 else {
      throw failure("sync", folder)
    }
  }

  /// By `errno`: 73 where there is no room, else 74.
  static func failure(_ verb: String, _ file: String) -> NodeError {
    let code = errno
    let isFull = code == ENOSPC || code == EDQUOT
    return NodeError(
      message: "cannot \(verb) \(file): \(String(cString: strerror(code)))",
      exitCode: isFull ? 73 : 74)
  }
}
