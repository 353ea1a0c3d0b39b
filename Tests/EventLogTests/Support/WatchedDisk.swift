import Synchronization

@testable import EventLog

/// Another disk, with a look at every call before it is carried out: so that something else can
/// happen between any two calls of a log.
final class WatchedDisk: Disk, @unchecked Sendable {
  // Sendable because `count` is atomic and the others never change.
  private let base: any Disk
  private let count = Atomic<Int>(0)
  private let onCall: (_ number: Int, _ call: String) -> Void

  /// `onCall`: told of the call's number, from 1, its name and path. What it does on another disk
  /// has happened when the call is carried out.
  init(_ base: any Disk, onCall: @escaping (_ number: Int, _ call: String) -> Void) {
    self.base = base
    self.onCall = onCall
  }

  var calls: Int { count.load(ordering: .relaxed) }

  private func note(_ call: @autoclosure () -> String) {
    onCall(count.add(1, ordering: .relaxed).newValue, call())
  }

  func open(_ path: String, _ mode: OpenMode) throws(SystemError) -> Descriptor {
    note("open \(path)")
    return try base.open(path, mode)
  }

  func close(_ descriptor: Descriptor) throws(SystemError) {
    note("close")
    try base.close(descriptor)
  }

  func read(
    _ descriptor: Descriptor, into buffer: UnsafeMutableRawBufferPointer, at offset: Int64
  ) throws(SystemError) -> Int {
    note("read")
    return try base.read(descriptor, into: buffer, at: offset)
  }

  func write(
    _ descriptor: Descriptor, _ bytes: UnsafeRawBufferPointer, at offset: Int64
  ) throws(SystemError) -> Int {
    note("write")
    return try base.write(descriptor, bytes, at: offset)
  }

  func syncData(_ descriptor: Descriptor) throws(SystemError) {
    note("sync data")
    try base.syncData(descriptor)
  }

  func syncAll(_ descriptor: Descriptor) throws(SystemError) {
    note("sync all")
    try base.syncAll(descriptor)
  }

  func size(_ descriptor: Descriptor) throws(SystemError) -> Int64 {
    note("size")
    return try base.size(descriptor)
  }

  func allocate(_ descriptor: Descriptor, _ bytes: Int64) throws(SystemError) -> Bool {
    note("allocate")
    return try base.allocate(descriptor, bytes)
  }

  func punchHole(
    _ descriptor: Descriptor, at offset: Int64, _ bytes: Int64
  ) throws(SystemError) {
    note("punch")
    try base.punchHole(descriptor, at: offset, bytes)
  }

  func freeBytes(_ path: String) throws(SystemError) -> Int64? { try base.freeBytes(path) }

  func dropCache(_ descriptor: Descriptor) { base.dropCache(descriptor) }

  func announceSequentialRead(_ descriptor: Descriptor) {
    base.announceSequentialRead(descriptor)
  }

  func lock(_ descriptor: Descriptor) throws(SystemError) -> Bool {
    note("lock")
    return try base.lock(descriptor)
  }

  func isNamed(_ path: String, _ descriptor: Descriptor) throws(SystemError) -> Bool {
    note("name \(path)")
    return try base.isNamed(path, descriptor)
  }

  func isLocked(_ descriptor: Descriptor) throws(SystemError) -> Bool {
    note("is locked")
    return try base.isLocked(descriptor)
  }

  func holdDirectory(_ path: String) throws(SystemError) -> Descriptor? {
    note("hold \(path)")
    return try base.holdDirectory(path)
  }

  func makeDirectory(_ path: String) throws(SystemError) {
    note("make directory \(path)")
    try base.makeDirectory(path)
  }

  func syncDirectory(_ path: String) throws(SystemError) {
    note("sync directory \(path)")
    try base.syncDirectory(path)
  }

  func list(_ path: String) throws(SystemError) -> [String] {
    note("list \(path)")
    return try base.list(path)
  }

  func rename(_ from: String, to path: String) throws(SystemError) {
    note("rename \(from) to \(path)")
    try base.rename(from, to: path)
  }

  func renameNew(_ from: String, to path: String) throws(SystemError) {
    note("rename \(from) to \(path)")
    try base.renameNew(from, to: path)
  }

  func remove(_ path: String) throws(SystemError) {
    note("remove \(path)")
    try base.remove(path)
  }
}
