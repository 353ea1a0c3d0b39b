import Glibc
import Synchronization

@testable import EventLog

/// Files in memory, for the fuzzer: quick to copy, nothing of crashes (that is SimDisk's).
final class MemoryDisk: Disk, @unchecked Sendable {
  // Sendable because `state` is a mutex.
  private let state: Mutex<State>

  struct State {
    var inodes: [[UInt8]] = []
    var names: [String: Int] = [:]
    var directories: Set<String> = []
    var open: [Int32: Int] = [:]
    var locks: [Int: Int32] = [:]
    var held: [String: Int32] = [:]
    var next: Int32 = 10
    var unreadable: (path: String, from: Int)?
    var heldDirectory: String?
    var holdsSyncs = false
    var direct: Set<Int32> = []
    var mostBytesRead: Int?
    var allocateError: Int32?
    var bytesRead = 0
    var reads = 0
  }

  /// Calls that read.
  var reads: Int { state.withLock { $0.reads } }

  /// In all, by everyone.
  var bytesRead: Int { state.withLock { $0.bytesRead } }

  /// Changes a file behind the backs of those that have it open.
  func damage(_ path: String, _ change: (inout [UInt8]) -> Void) {
    state.withLock { state in
      if let inode = state.names[path] { change(&state.inodes[inode]) }
    }
  }

  /// No read gives more bytes than this at once, as some file systems do when a signal comes.
  func shortenReads(to bytes: Int?) { state.withLock { $0.mostBytesRead = bytes } }

  /// The errno that the reservation of blocks ends with.
  func failAllocating(_ number: Int32?) { state.withLock { $0.allocateError = number } }

  /// No sync of data ends until it is false again: a frozen disk.
  func holdSyncs(_ holds: Bool) { state.withLock { $0.holdsSyncs = holds } }

  /// No file of this directory is made until it is nil again.
  func hold(_ directory: String?) { state.withLock { $0.heldDirectory = directory } }

  private func isHeld(_ path: String) -> Bool {
    state.withLock { $0.heldDirectory.map { path.hasPrefix($0 + "/") } ?? false }
  }

  /// From this byte on the file cannot be read.
  func makeUnreadable(_ path: String, from offset: Int) {
    state.withLock { $0.unreadable = (path, offset) }
  }

  init() { state = Mutex(State()) }

  private init(_ copied: State) { state = Mutex(copied) }

  /// The same files, without those that had them open.
  func copy() -> MemoryDisk {
    var copied = state.withLock { $0 }
    copied.open = [:]
    copied.locks = [:]
    copied.direct = []
    copied.held = [:]
    return MemoryDisk(copied)
  }

  var files: [String: [UInt8]] {
    get {
      state.withLock { state in state.names.mapValues { state.inodes[$0] } }
    }
    set {
      state.withLock { state in
        state.inodes = []
        state.names = [:]
        for (name, bytes) in newValue.sorted(by: { $0.key < $1.key }) {
          state.names[name] = state.inodes.count
          state.inodes.append(bytes)
        }
      }
    }
  }

  private func with<R>(_ body: (inout State) throws(SystemError) -> R) throws(SystemError) -> R {
    let result: Result<R, SystemError> = state.withLock { state in
      do throws(SystemError) {
        return .success(try body(&state))
      } catch {
        return .failure(error)
      }
    }
    return try result.get()
  }

  private func withFile<R>(
    _ descriptor: Descriptor, _ body: (inout [UInt8]) -> R
  ) throws(SystemError) -> R {
    try with { (state) throws(SystemError) in
      guard let inode = state.open[descriptor.number] else { throw SystemError(EBADF) }
      return body(&state.inodes[inode])
    }
  }

  func open(_ path: String, _ mode: OpenMode) throws(SystemError) -> Descriptor {
    while mode != .read, mode != .readDirect, isHeld(path) { usleep(500) }
    return try with { (state) throws(SystemError) in
      let replaces = mode == .replace || mode == .replaceDirect
      if state.names[path] == nil || replaces {
        guard mode == .writeOrCreate || replaces else { throw SystemError(ENOENT) }
        state.names[path] = state.inodes.count
        state.inodes.append([])
      }
      state.next += 1
      state.open[state.next] = state.names[path]
      if mode == .readDirect { state.direct.insert(state.next) }
      return Descriptor(state.next)
    }
  }

  func close(_ descriptor: Descriptor) throws(SystemError) {
    try with { (state) throws(SystemError) in
      guard state.open.removeValue(forKey: descriptor.number) != nil else {
        throw SystemError(EBADF)
      }
      for (path, holder) in state.held where holder == descriptor.number { state.held[path] = nil }
      for (inode, holder) in state.locks where holder == descriptor.number {
        state.locks[inode] = nil
      }
    }
  }

  func read(
    _ descriptor: Descriptor, into buffer: UnsafeMutableRawBufferPointer, at offset: Int64
  ) throws(SystemError) -> Int {
    try with { (state) throws(SystemError) in
      guard let inode = state.open[descriptor.number] else { throw SystemError(EBADF) }
      state.reads += 1
      if state.direct.contains(descriptor.number), offset % 4096 != 0 { throw SystemError(EINVAL) }
      var end = state.inodes[inode].count
      if let (path, from) = state.unreadable, state.names[path] == inode {
        guard Int(offset) < from else { throw SystemError(EIO) }
        end = min(end, from)
      }
      guard Int(offset) < end else { return 0 }
      let count = min(buffer.count, end - Int(offset), state.mostBytesRead ?? .max)
      state.bytesRead += count
      buffer.copyBytes(from: state.inodes[inode][Int(offset)..<Int(offset) + count])
      return count
    }
  }

  func write(
    _ descriptor: Descriptor, _ source: UnsafeRawBufferPointer, at offset: Int64
  ) throws(SystemError) -> Int {
    try withFile(descriptor) { bytes in
      let end = Int(offset) + source.count
      if bytes.count < end { bytes += [UInt8](repeating: 0, count: end - bytes.count) }
      bytes.replaceSubrange(Int(offset)..<end, with: source)
      return source.count
    }
  }

  func syncData(_ descriptor: Descriptor) throws(SystemError) {
    while state.withLock({ $0.holdsSyncs }) { usleep(500) }
  }
  func syncAll(_ descriptor: Descriptor) throws(SystemError) {}
  func size(_ descriptor: Descriptor) throws(SystemError) -> Int64 {
    try withFile(descriptor) { Int64($0.count) }
  }

  func allocate(_ descriptor: Descriptor, _ size: Int64) throws(SystemError) -> Bool {
    if let number = state.withLock({ $0.allocateError }) { throw SystemError(number) }
    return try withFile(descriptor) { bytes in
      if bytes.count < Int(size) {
        bytes += [UInt8](repeating: 0, count: Int(size) - bytes.count)
      }
      return true
    }
  }

  func punchHole(
    _ descriptor: Descriptor, at offset: Int64, _ count: Int64
  ) throws(SystemError) {
    try withFile(descriptor) { bytes in
      for index in Int(offset)..<max(Int(offset), min(bytes.count, Int(offset + count))) {
        bytes[index] = 0
      }
    }
  }

  func freeBytes(_: String) throws(SystemError) -> Int64? { nil }

  func dropCache(_ descriptor: Descriptor) {}
  func announceSequentialRead(_ descriptor: Descriptor) {}

  func lock(_ descriptor: Descriptor) throws(SystemError) -> Bool {
    try with { (state) throws(SystemError) in
      guard let inode = state.open[descriptor.number] else { throw SystemError(EBADF) }
      if let holder = state.locks[inode], holder != descriptor.number { return false }
      state.locks[inode] = descriptor.number
      return true
    }
  }

  func isNamed(_ path: String, _ descriptor: Descriptor) throws(SystemError) -> Bool {
    try with { (state) throws(SystemError) in
      guard let inode = state.open[descriptor.number] else { throw SystemError(EBADF) }
      return state.names[path] == inode
    }
  }

  func isLocked(_ descriptor: Descriptor) throws(SystemError) -> Bool {
    try with { (state) throws(SystemError) in
      guard let inode = state.open[descriptor.number] else { throw SystemError(EBADF) }
      return state.locks[inode].map { $0 != descriptor.number } ?? false
    }
  }

  func holdDirectory(_ path: String) throws(SystemError) -> Descriptor? {
    try with { (state) throws(SystemError) in
      guard state.held[path] == nil else { return nil }
      state.next += 1
      state.held[path] = state.next
      state.open[state.next] = -1
      return Descriptor(state.next)
    }
  }

  func makeDirectory(_ path: String) throws(SystemError) {
    try with { (state) throws(SystemError) in
      guard state.directories.insert(path).inserted else { throw SystemError(EEXIST) }
    }
  }

  func syncDirectory(_ path: String) throws(SystemError) {}

  func list(_ path: String) throws(SystemError) -> [String] {
    try with { (state) throws(SystemError) in
      guard state.directories.contains(path) else { throw SystemError(ENOENT) }
      return state.names.keys.filter { $0.hasPrefix(path + "/") }
        .map { String($0.dropFirst(path.utf8.count + 1)) }.filter { !$0.contains("/") }.sorted()
    }
  }

  func rename(_ from: String, to: String) throws(SystemError) {
    try with { (state) throws(SystemError) in
      guard let inode = state.names.removeValue(forKey: from) else { throw SystemError(ENOENT) }
      state.names[to] = inode
    }
  }

  func renameNew(_ from: String, to: String) throws(SystemError) {
    try with { (state) throws(SystemError) in
      guard state.names[to] == nil else { throw SystemError(EEXIST) }
      guard let inode = state.names.removeValue(forKey: from) else { throw SystemError(ENOENT) }
      state.names[to] = inode
    }
  }

  func remove(_ path: String) throws(SystemError) {
    try with { (state) throws(SystemError) in
      guard state.names.removeValue(forKey: path) != nil else { throw SystemError(ENOENT) }
    }
  }
}
