import Synchronization

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
    var dirty: Set<Int> = []
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
    var nextDescriptor: Int32 = 100
    /// Calls that change something.
    var calls = 0
    var troubleAt: Int?
    var trouble = Trouble.crash
    var isDead = false
    /// Deliberate breaks, to see that the tests see them.
    var liesAboutSync = false
    var liesAboutDirectorySync = false
    var refusesDirect = false
    /// `allocate` fails with ENOSPC.
    var isFull = false
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
      state.inodes[inode].dirty = []
    }
  }

  var files: [String] { state.withLock { $0.names.keys.sorted() } }

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
  mutating func reset() {
    open = [:]
    locks = [:]
    isDead = false
    troubleAt = nil
  }
}

extension SimDisk.Inode {
  mutating func loseSome(_ random: inout SeededRandom) {
    var kept = durable
    if cached.count != durable.count, Bool.random(using: &random) {
      kept = Array(durable.prefix(cached.count))
      kept += [UInt8](repeating: 0, count: cached.count - kept.count)
    }
    for sector in dirty.sorted() where Bool.random(using: &random) {
      let start = sector * SimDisk.sectorBytes
      let end = min(start + SimDisk.sectorBytes, cached.count)
      if start < end, end <= kept.count {
        kept.replaceSubrange(start..<end, with: cached[start..<end])
      }
    }
    durable = kept
    cached = kept
    dirty = []
  }
}
