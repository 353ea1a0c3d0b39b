import Glibc
import Synchronization

@testable import EventLog

extension SimDisk {
  /// Counts a changing call and meets the trouble that was ordered for it. True when the call is
  /// to be carried out in the cache first and then the power goes.
  private func change(_ state: inout State, _ what: @autoclosure () -> String) throws(SystemError)
    -> Bool
  {
    if state.isDead { throw SystemError(EIO) }
    state.calls += 1
    guard state.calls == state.troubleAt else { return false }
    state.log.append(what())
    if case .error(let number) = state.trouble { throw SystemError(number) }
    state.isDead = true
    return true
  }

  private func with<R>(_ body: (inout State) throws(SystemError) -> R) throws(SystemError) -> R {
    let result: Result<R, SystemError> = state.withLock { state in
      do throws(SystemError) {
        if state.isDead { throw SystemError(EIO) }
        return .success(try body(&state))
      } catch {
        return .failure(error)
      }
    }
    return try result.get()
  }

  func open(_ path: String, _ mode: OpenMode) throws(SystemError) -> Descriptor {
    try with { (state) throws(SystemError) in
      let isWritable = mode != .read && mode != .readDirect
      let isDirect = [.readDirect, .writeDirect, .replaceDirect].contains(mode)
      if isDirect, state.refusesDirect { throw SystemError(EINVAL) }
      let replaces = mode == .replace || mode == .replaceDirect
      if state.names[path] == nil {
        guard mode == .writeOrCreate || replaces else { throw SystemError(ENOENT) }
        let dies = try self.change(&state, "create \(path)")
        state.inodes.append(Inode())
        state.names[path] = state.inodes.count - 1
        if dies { throw SystemError(EIO) }
      } else if replaces {
        _ = try self.change(&state, "truncate \(path)")
        state.giveBack(state.names[path])
        state.inodes.append(Inode())
        state.names[path] = state.inodes.count - 1
      }
      guard let inode = state.names[path] else { throw SystemError(ENOENT) }
      state.nextDescriptor += 1
      state.open[state.nextDescriptor] = OpenFile(
        inode: inode, isDirect: isDirect, isWritable: isWritable)
      return Descriptor(state.nextDescriptor)
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
      guard let file = state.open[descriptor.number] else { throw SystemError(EBADF) }
      let inode = state.inodes[file.inode]
      if file.isDirect {
        let address = Int(bitPattern: buffer.baseAddress)
        guard offset % 512 == 0, buffer.count % 512 == 0, address % 512 == 0 else {
          throw SystemError(EINVAL)
        }
        return Self.copy(inode.truth, at: Int(offset), to: buffer)
      }
      return Self.copy(inode.cached, at: Int(offset), to: buffer)
    }
  }

  func write(
    _ descriptor: Descriptor, _ bytes: UnsafeRawBufferPointer, at offset: Int64
  ) throws(SystemError) -> Int {
    try with { (state) throws(SystemError) in
      guard let file = state.open[descriptor.number], file.isWritable else {
        throw SystemError(EBADF)
      }
      let isAligned = [Int(offset), bytes.count, Int(bitPattern: bytes.baseAddress)].allSatisfy {
        $0 % 512 == 0
      }
      guard isAligned || !file.isDirect else { throw SystemError(EINVAL) }
      try state.reserve(file.inode, upTo: Int(offset) + bytes.count)
      let dies = try self.change(&state, "write \(bytes.count) at \(offset)")
      if file.isDirect { state.countDirectWrite(file.inode) }
      // Now and then a write is short, and the rest comes in another.
      state.writes += 1
      let count =
        state.writes % 7 == 0 && bytes.count > 1_024 ? bytes.count / 2 & ~511 : bytes.count
      state.inodes[file.inode].write(
        UnsafeRawBufferPointer(rebasing: bytes[..<count]), at: Int(offset))
      if dies { throw SystemError(EIO) }
      return count
    }
  }

  private static func copy(
    _ bytes: [UInt8], at offset: Int, to buffer: UnsafeMutableRawBufferPointer
  ) -> Int {
    let count = min(buffer.count, bytes.count - offset)
    guard count > 0, let start = buffer.baseAddress else { return 0 }
    bytes.withUnsafeBytes { _ = memcpy(start, $0.baseAddress! + offset, count) }
    return count
  }

  func syncData(_ descriptor: Descriptor) throws(SystemError) { try sync(descriptor) }

  func syncAll(_ descriptor: Descriptor) throws(SystemError) { try sync(descriptor) }

  private func sync(_ descriptor: Descriptor) throws(SystemError) {
    try with { (state) throws(SystemError) in
      guard let file = state.open[descriptor.number] else { throw SystemError(EBADF) }
      let dies: Bool
      if let trouble = state.troubleAtSync {
        state.troubleAtSync = nil
        state.trouble = trouble
        state.troubleAt = state.calls + 1
      }
      do throws(SystemError) {
        dies = try self.change(&state, "sync")
      } catch {
        // As Linux does it: the pages are clean now, and their bytes never reached the disk.
        state.inodes[file.inode].dirty.removeAll()
        throw error
      }
      if dies { throw SystemError(EIO) }
      if state.liesAboutSync { return }
      state.inodes[file.inode].durable = state.inodes[file.inode].truth
      state.inodes[file.inode].dirty.removeAll()
    }
  }

  func syncDirectory(_ path: String) throws(SystemError) {
    try with { (state) throws(SystemError) in
      if try self.change(&state, "sync directory \(path)") { throw SystemError(EIO) }
      if state.liesAboutDirectorySync { return }
      let names = Set(state.names.keys).union(state.durableNames.keys)
      for name in names where StorePaths(root: name).parent == path {
        state.durableNames[name] = state.names[name]
      }
    }
  }

  func size(_ descriptor: Descriptor) throws(SystemError) -> Int64 {
    try with { (state) throws(SystemError) in
      guard let file = state.open[descriptor.number] else { throw SystemError(EBADF) }
      return Int64(state.inodes[file.inode].cached.count)
    }
  }

  func allocate(_ descriptor: Descriptor, _ bytes: Int64) throws(SystemError) -> Bool {
    try with { (state) throws(SystemError) in
      guard let file = state.open[descriptor.number] else { throw SystemError(EBADF) }
      try state.reserve(file.inode, upTo: Int(bytes))
      if try self.change(&state, "allocate") { throw SystemError(EIO) }
      state.inodes[file.inode].grow(to: Int(bytes))
    }
    return true
  }

  func punchHole(_ descriptor: Descriptor, at offset: Int64, _ bytes: Int64) throws(SystemError) {
    try with { (state) throws(SystemError) in
      guard let file = state.open[descriptor.number] else { throw SystemError(EBADF) }
      if try self.change(&state, "punch") { throw SystemError(EIO) }
      let zeros = [UInt8](repeating: 0, count: Int(bytes))
      zeros.withUnsafeBytes { state.inodes[file.inode].write($0, at: Int(offset)) }
    }
  }

  func freeBytes(_: String) throws(SystemError) -> Int64? {
    try with { (state) throws(SystemError) in state.freeBytes.map(Int64.init) }
  }

  /// Clean pages go, and what the disk has comes in their place: also after a failed sync.
  func dropCache(_ descriptor: Descriptor) {
    state.withLock { state in
      guard let file = state.open[descriptor.number], !state.isDead else { return }
      state.inodes[file.inode].cached = state.inodes[file.inode].truth
    }
  }

  func announceSequentialRead(_: Descriptor) {}

  func lock(_ descriptor: Descriptor) throws(SystemError) -> Bool {
    try with { (state) throws(SystemError) in
      guard let file = state.open[descriptor.number] else { throw SystemError(EBADF) }
      if let holder = state.locks[file.inode] { return holder == descriptor.number }
      state.locks[file.inode] = descriptor.number
      return true
    }
  }

  func isNamed(_ path: String, _ descriptor: Descriptor) throws(SystemError) -> Bool {
    try with { (state) throws(SystemError) in
      guard let file = state.open[descriptor.number] else { throw SystemError(EBADF) }
      return state.names[path] == file.inode
    }
  }

  func isLocked(_ descriptor: Descriptor) throws(SystemError) -> Bool {
    try with { (state) throws(SystemError) in
      guard let file = state.open[descriptor.number] else { throw SystemError(EBADF) }
      return state.locks[file.inode].map { $0 != descriptor.number } ?? false
    }
  }

  func holdDirectory(_ path: String) throws(SystemError) -> Descriptor? {
    try with { (state) throws(SystemError) in
      guard state.directories.contains(path) else { throw SystemError(ENOENT) }
      guard state.held[path] == nil else { return nil }
      state.nextDescriptor += 1
      state.held[path] = state.nextDescriptor
      state.open[state.nextDescriptor] = OpenFile(inode: -1, isDirect: false, isWritable: false)
      return Descriptor(state.nextDescriptor)
    }
  }

  func makeDirectory(_ path: String) throws(SystemError) {
    try with { (state) throws(SystemError) in
      if !state.directories.insert(path).inserted { throw SystemError(EEXIST) }
    }
  }

  func list(_ path: String) throws(SystemError) -> [String] {
    try with { (state) throws(SystemError) in
      guard state.directories.contains(path) else { throw SystemError(ENOENT) }
      return state.names.keys.filter { StorePaths(root: $0).parent == path }
        .map { String($0.dropFirst(path.count + 1)) }.sorted()
    }
  }

  func rename(_ from: String, to: String) throws(SystemError) {
    try with { (state) throws(SystemError) in
      guard let inode = state.names[from] else { throw SystemError(ENOENT) }
      let dies = try self.change(&state, "rename \(from) to \(to)")
      if state.names[to] != inode { state.giveBack(state.names[to]) }
      state.names[to] = inode
      state.names[from] = nil
      if dies { throw SystemError(EIO) }
    }
  }

  func renameNew(_ from: String, to: String) throws(SystemError) {
    try with { (state) throws(SystemError) in
      if state.names[from] != nil, state.names[to] != nil { throw SystemError(EEXIST) }
    }
    try rename(from, to: to)
  }

  func remove(_ path: String) throws(SystemError) {
    try with { (state) throws(SystemError) in
      guard state.names[path] != nil else { throw SystemError(ENOENT) }
      let dies = try self.change(&state, "remove \(path)")
      state.giveBack(state.names[path])
      state.names[path] = nil
      if dies { throw SystemError(EIO) }
    }
  }
}

extension SimDisk.Inode {
  /// What is on the disk once dirty pages are written: what a direct read sees.
  var truth: [UInt8] {
    var bytes = Array(durable.prefix(cached.count))
    bytes += [UInt8](repeating: 0, count: cached.count - bytes.count)
    dirty.forEach { copySector($0, to: &bytes) }
    return bytes
  }
}
