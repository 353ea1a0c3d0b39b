internal import CSystemCalls
internal import Glibc

/// The real system calls. EINTR is retried here, nothing else is.
package struct LinuxDisk: Disk {
  package init() {}

  package func open(_ path: String, _ mode: OpenMode) throws(SystemError) -> Descriptor {
    let flags: csystem_open =
      switch mode {
      case .read: CSYSTEM_READ
      case .readDirect: CSYSTEM_DIRECT
      case .write: CSYSTEM_WRITE
      case .writeDirect: csystem_open(CSYSTEM_WRITE.rawValue | CSYSTEM_DIRECT.rawValue)
      case .writeOrCreate: csystem_open(CSYSTEM_WRITE.rawValue | CSYSTEM_CREATE.rawValue)
      case .replace: Self.replacing
      case .replaceDirect: csystem_open(Self.replacing.rawValue | CSYSTEM_DIRECT.rawValue)
      }
    return Descriptor(try check(csystem_open(path, Int32(flags.rawValue))))
  }

  private static let replacing = csystem_open(
    CSYSTEM_WRITE.rawValue | CSYSTEM_CREATE.rawValue | CSYSTEM_TRUNCATE.rawValue)

  package func close(_ descriptor: Descriptor) throws(SystemError) {
    // On Linux the descriptor is gone even after EINTR: never close twice.
    if Glibc.close(descriptor.number) < 0, errno != EINTR { throw SystemError(errno) }
  }

  package func read(
    _ descriptor: Descriptor, into buffer: UnsafeMutableRawBufferPointer, at offset: Int64
  ) throws(SystemError) -> Int {
    while true {
      let count = pread(descriptor.number, buffer.baseAddress, buffer.count, Int(offset))
      if count >= 0 { return count }
      if errno != EINTR { throw SystemError(errno) }
    }
  }

  package func write(
    _ descriptor: Descriptor, _ bytes: UnsafeRawBufferPointer, at offset: Int64
  ) throws(SystemError) -> Int {
    while true {
      let count = pwrite(descriptor.number, bytes.baseAddress, bytes.count, Int(offset))
      if count >= 0 { return count }
      if errno != EINTR { throw SystemError(errno) }
    }
  }

  package func syncData(_ descriptor: Descriptor) throws(SystemError) {
    _ = try check(csystem_sync_data(descriptor.number))
  }

  package func syncAll(_ descriptor: Descriptor) throws(SystemError) {
    _ = try check(csystem_sync_all(descriptor.number))
  }

  package func size(_ descriptor: Descriptor) throws(SystemError) -> Int64 {
    var status = stat()
    if fstat(descriptor.number, &status) < 0 { throw SystemError(errno) }
    return Int64(status.st_size)
  }

  package func allocate(_ descriptor: Descriptor, _ bytes: Int64) throws(SystemError) -> Bool {
    let answer = csystem_allocate(descriptor.number, bytes)
    if answer == -EOPNOTSUPP {
      if ftruncate(descriptor.number, Int(bytes)) < 0 { throw SystemError(errno) }
      return false
    }
    _ = try check(answer)
    return true
  }

  package func overwriteInPlace(_ descriptor: Descriptor) {
    // An error says that there is nothing to ask for: ext4 and XFS overwrite in place, ZFS never.
    _ = csystem_overwrite_in_place(descriptor.number)
  }

  package func punchHole(
    _ descriptor: Descriptor, at offset: Int64, _ bytes: Int64
  ) throws(SystemError) {
    _ = try check(csystem_punch_hole(descriptor.number, offset, bytes))
  }

  package func freeBytes(_ path: String) throws(SystemError) -> Int64? {
    var status = statvfs()
    if statvfs(path, &status) < 0 { throw SystemError(errno) }
    // Some file systems in user space count no blocks.
    guard status.f_blocks > 0 else { return nil }
    let (bytes, isTooMuch) = UInt64(status.f_bavail).multipliedReportingOverflow(
      by: UInt64(status.f_frsize))
    return isTooMuch ? .max : Int64(clamping: bytes)
  }

  package func dropCache(_ descriptor: Descriptor) {
    _ = csystem_drop_cache(descriptor.number)
  }

  package func announceSequentialRead(_ descriptor: Descriptor) {
    _ = csystem_will_read(descriptor.number)
  }

  package func lock(_ descriptor: Descriptor) throws(SystemError) -> Bool {
    let answer = csystem_lock(descriptor.number)
    if answer == -EAGAIN || answer == -EACCES { return false }
    _ = try check(answer)
    return true
  }

  package func isLocked(_ descriptor: Descriptor) throws(SystemError) -> Bool {
    try check(csystem_is_locked(descriptor.number)) != 0
  }

  package func isNamed(
    _ path: String, _ descriptor: Descriptor
  ) throws(SystemError) -> Bool {
    try check(csystem_is_named(path, descriptor.number)) != 0
  }

  package func holdDirectory(_ path: String) throws(SystemError) -> Descriptor? {
    let answer = csystem_hold_directory(path)
    if answer == -EWOULDBLOCK { return nil }
    return Descriptor(try check(answer))
  }

  private func check(_ answer: Int32) throws(SystemError) -> Int32 {
    if answer < 0 { throw SystemError(-answer) }
    return answer
  }
}
