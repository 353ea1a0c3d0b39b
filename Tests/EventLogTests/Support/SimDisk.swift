import Glibc
import Synchronization
import TestSupport

@testable import EventLog

/// A disk in memory that knows what a crash may take: un-synced sectors and un-synced names. Can
/// fail or crash at the n-th call that changes something.
final class SimDisk: Disk, @unchecked Sendable {
  // Sendable because `state` is a mutex.
  let state: Mutex<State>

  static let sectorBytes = 512

  struct Inode {
    /// What buffered reads see.
    var cached: [UInt8] = []
    var durable: [UInt8] = []
    /// Sectors written and not synced.
    var dirty = SectorSet()
  }

  struct OpenFile {
    let inode: Int
    let isDirect: Bool
    let isWritable: Bool
  }

  enum Trouble: Equatable {
    /// This call fails with the errno; those after it work.
    case error(Int32)
    /// The power goes: this write is in the cache at most, and everything after fails.
    case crash
  }

  struct State {
    var inodes: [Inode] = []
    var names: [String: Int] = [:]
    var durableNames: [String: Int] = [:]
    var directories: Set<String> = ["/"]
    var open: [Int32: OpenFile] = [:]
    var locks: [Int: Int32] = [:]
    /// Directories that are locked themselves, and by which descriptor.
    var held: [String: Int32] = [:]
    var nextDescriptor: Int32 = 100
    /// Calls that change something.
    var calls = 0
    var writes = 0
    /// Writes around the cache, by file.
    var directWrites: [String: Int] = [:]
    var troubleAt: Int?
    var trouble = Trouble.crash
    /// Met by the next sync of a file, whichever call that is.
    var troubleAtSync: Trouble?
    var isDead = false
    /// Deliberate breaks, to see that the tests see them.
    var liesAboutSync = false
    var liesAboutDirectorySync = false
    var refusesDirect = false
    /// No file of this directory may grow.
    var fullDirectory: String?
    /// A file that cannot be written, and what is said of it.
    var refused: (path: String, number: Int32)?
    /// How many bytes files may still grow by; nil for any number.
    var freeBytes: Int?
    var isFull: Bool {
      get { freeBytes != nil }
      set { freeBytes = newValue ? 0 : nil }
    }
    var log: [String] = []
  }

  init() { state = Mutex(State()) }

  init(_ state: sending State) { self.state = Mutex(state) }

  var calls: Int { state.withLock { $0.calls } }
  var isDead: Bool { state.withLock { $0.isDead } }

  /// The n-th changing call from now on (1 is the next one) meets trouble.
  func arm(_ trouble: Trouble, atCall count: Int) {
    state.withLock {
      $0.troubleAt = $0.calls + count
      $0.trouble = trouble
    }
  }

  /// The next sync of a file meets trouble. False from `hasMetSync` says that none came.
  func armSync(_ trouble: Trouble) { state.withLock { $0.troubleAtSync = trouble } }

  var hasMetSync: Bool { state.withLock { $0.troubleAtSync == nil } }

  /// Whether all that was written to the file is on the disk.
  func isSynced(_ path: String) -> Bool {
    state.withLock { state in
      guard let inode = state.names[path] else { return false }
      return state.inodes[inode].dirty.isEmpty
    }
  }

  /// Whether a power cut leaves the file its present name.
  func hasDurableName(_ path: String) -> Bool {
    state.withLock { $0.names[path] != nil && $0.names[path] == $0.durableNames[path] }
  }

  /// Bytes of a file as buffered reads see them.
  func bytes(_ path: String) -> [UInt8]? {
    state.withLock { state in state.names[path].map { state.inodes[$0].cached } }
  }

  /// Changes a file behind everyone's back: durable and cached bytes.
  func overwrite(_ path: String, _ change: (inout [UInt8]) -> Void) {
    state.withLock { state in
      guard let inode = state.names[path] else { return }
      change(&state.inodes[inode].cached)
      state.inodes[inode].durable = state.inodes[inode].cached
      state.inodes[inode].dirty.removeAll()
    }
  }

  var files: [String] { state.withLock { $0.names.keys.sorted() } }

  /// As on another host that locks do not reach.
  func forgetLocks() {
    state.withLock { state in
      state.locks = [:]
      state.held = [:]
    }
  }

  /// The same disk after a process ended, whatever way: nothing is lost, locks are.
  func afterKill() -> SimDisk {
    SimDisk(
      state.withLock { old in
        var state = old
        state.reset()
        return state
      })
  }

  /// The disk after a power cut: of what was not synced, a random part survives.
  func afterPowerCut(_ random: inout SeededRandom) -> SimDisk {
    var state = self.state.withLock { $0 }
    for index in state.inodes.indices {
      state.inodes[index].loseSome(&random)
    }
    let names = Set(state.names.keys).union(state.durableNames.keys).sorted()
    for name in names where state.names[name] != state.durableNames[name] {
      if Bool.random(using: &random) { state.durableNames[name] = state.names[name] }
    }
    state.names = state.durableNames
    state.reset()
    let result = state
    return SimDisk(result)
  }
}

extension SimDisk.State {
  /// Before a file grows.
  mutating func reserve(_ inode: Int, upTo count: Int) throws(SystemError) {
    if let fullDirectory, count > inodes[inode].cached.count,
      names.contains(where: { $0.value == inode && $0.key.hasPrefix(fullDirectory + "/") })
    {
      throw SystemError(ENOSPC)
    }
    if let refused, names[refused.path] == inode { throw SystemError(refused.number) }
    guard let free = freeBytes else { return }
    let missing = max(0, count - inodes[inode].cached.count)
    if missing > free { throw SystemError(ENOSPC) }
    freeBytes = free - missing
  }

  mutating func countDirectWrite(_ inode: Int) {
    for name in names.keys where names[name] == inode { directWrites[name, default: 0] += 1 }
  }

  /// After a name went.
  mutating func giveBack(_ inode: Int?) {
    if let inode, freeBytes != nil { freeBytes? += inodes[inode].cached.count }
  }

  mutating func reset() {
    open = [:]
    locks = [:]
    held = [:]
    isDead = false
    troubleAt = nil
  }
}

extension SimDisk.Inode {
  /// From the cache to `bytes`, as far as both reach.
  func copySector(_ sector: Int, to bytes: inout [UInt8]) {
    let start = sector * SimDisk.sectorBytes
    let end = min(start + SimDisk.sectorBytes, cached.count)
    guard start < end, end <= bytes.count else { return }
    bytes.withUnsafeMutableBytes { to in
      cached.withUnsafeBytes { from in
        _ = memcpy(to.baseAddress! + start, from.baseAddress! + start, end - start)
      }
    }
  }

  /// Writes into the cache.
  mutating func write(_ bytes: UnsafeRawBufferPointer, at start: Int) {
    guard bytes.count > 0 else { return }
    grow(to: start + bytes.count)
    cached.withUnsafeMutableBytes {
      _ = memcpy($0.baseAddress! + start, bytes.baseAddress!, bytes.count)
    }
    dirty.insert(
      start / SimDisk.sectorBytes, through: (start + bytes.count - 1) / SimDisk.sectorBytes)
  }

  mutating func grow(to count: Int) {
    let missing = count - cached.count
    if missing > 0 { cached += [UInt8](repeating: 0, count: missing) }
  }

  mutating func loseSome(_ random: inout SeededRandom) {
    var kept = durable
    if cached.count != durable.count, Bool.random(using: &random) {
      kept = Array(durable.prefix(cached.count))
      kept += [UInt8](repeating: 0, count: cached.count - kept.count)
    }
    // Often all or nothing of a file, else each sector by itself.
    let chance = Int.random(in: 0..<4, using: &random)
    dirty.forEach { sector in
      let survives = chance == 0 ? true : chance == 1 ? false : Bool.random(using: &random)
      if survives { copySector(sector, to: &kept) }
    }
    durable = kept
    cached = kept
    dirty.removeAll()
  }
}

/// Numbers of sectors, in order.
struct SectorSet {
  private var words: [UInt64] = []

  mutating func insert(_ first: Int, through last: Int) {
    while words.count * 64 <= last { words.append(0) }
    var sector = first
    while sector <= last {
      if sector % 64 == 0, sector + 63 <= last {
        words[sector / 64] = .max
        sector += 64
      } else {
        words[sector / 64] |= 1 << UInt64(sector % 64)
        sector += 1
      }
    }
  }

  mutating func removeAll() { words.removeAll(keepingCapacity: true) }

  var isEmpty: Bool { words.allSatisfy { $0 == 0 } }

  func forEach(_ body: (Int) -> Void) {
    for (index, word) in words.enumerated() {
      var rest = word
      while rest != 0 {
        body(index * 64 + rest.trailingZeroBitCount)
        rest &= rest - 1
      }
    }
  }
}
