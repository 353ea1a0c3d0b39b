internal import LogSequence
internal import Synchronization

/// Looks at the clocks for a store, and keeps its time in the file CLOCK. Used by one thread at a
/// time: the opener's, then the keeper's, then the closer's.
final class ClockKeeper {
  private(set) var time: StoreTime
  /// How far the log was at the last look.
  var datedLSN: LSN { dated.load(ordering: .acquiring) }
  private let dated = Atomic<LSN>(0)
  /// When the next look is due, monotonic nanoseconds.
  private(set) var lookAt: UInt64 = 0
  /// What is to be said.
  private var notices: [ClockNotice] = []
  private let options: EventLogOptions
  private let paths: StorePaths
  private let lock: StoreLock
  private let store: StoreID
  private let pause: UInt64
  /// The store's time when the file was written last; nil when it has to be.
  private var savedAt: Int64?
  private var isFailing = false
  private var isUnreadable = false

  /// A jump is noticed, and a confirmation is taken, after so long.
  private static let mostPause: UInt64 = 10_000_000_000

  /// Takes the first look, and changes no file.
  ///
  /// - Parameters:
  ///   - newest: of each segment in order: its last record, and the newest time in it.
  ///   - isNew: nothing was ever written to this store.
  init(
    _ options: EventLogOptions, retentionSeconds: Int64, _ paths: StorePaths, _ lock: StoreLock,
    _ store: StoreID, newest: [AgeSamples.Sample], isNew: Bool
  ) {
    self.options = options
    self.paths = paths
    self.lock = lock
    self.store = store
    pause = min(UInt64(max(1, options.retentionCheckMilliseconds)) * 1_000_000, Self.mostPause)
    let reading = Self.reading(options)
    let lastLSN = newest.last?.lsn ?? 0
    let found = ClockFile.read(options.disk, paths, store: store)
    var saved: StoreTime.Saved
    if let file = found.file, file.time.lastLSN <= lastLSN {
      saved = file.time
    } else {
      saved = .made(of: newest, wall: reading.wall, retentionSeconds: retentionSeconds)
      if !isNew { notices.append(.begunAnew(isDamaged: found.file != nil || found.isDamaged)) }
    }
    saved.retentionSeconds = retentionSeconds
    time = StoreTime(saved, at: reading, breaks: options.breaks)
    look(lastLSN, reading)
  }

  private static func reading(_ options: EventLogOptions) -> StoreTime.Reading {
    var reading = StoreTime.Reading(wall: 0, steady: 0)
    // One that was interrupted would look like a clock that was set.
    for _ in 0..<4 {
      let begun = options.steadyClock()
      reading = StoreTime.Reading(wall: options.wallClock(), steady: options.steadyClock())
      if reading.steady &- begun < 50_000_000 { break }
    }
    return reading
  }

  private func look(_ lsn: LSN, _ reading: StoreTime.Reading) {
    let said = time.look(lsn, at: reading)
    notices += said
    if !said.isEmpty { savedAt = nil }
    dated.store(lsn, ordering: .releasing)
  }

  /// The look that is due, if one is: the log is durable up to `lsn`. What is to be said.
  ///
  /// - Throws: only `fenced`. That the file cannot be written is said, and tried again: retention
  ///   makes the room that it may lack.
  func look(_ lsn: LSN, at now: UInt64) throws(EventLogError) -> [ClockNotice] {
    guard now >= lookAt else { return [] }
    lookAt = now + pause
    look(lsn, Self.reading(options))
    let isConfirmed = takeConfirmation()
    if savedAt.map({ time.now.less($0) >= time.limits.saving }) ?? true {
      if try save(lsn), isConfirmed { removeConfirmation() }
    }
    defer { notices = [] }
    return notices
  }

  /// The last look: the log is closed. Whatever fails is of no interest any more.
  func close(_ lsn: LSN) {
    look(lsn, Self.reading(options))
    _ = try? save(lsn)
  }

  /// The log begins behind this record now.
  func forget(through lsn: LSN) { time.forget(through: lsn) }

  /// Whether there was one. It stays until what it says is in the file.
  private func takeConfirmation() -> Bool {
    do throws(EventLogError) {
      guard let found = try ClockConfirmation.read(options.disk, paths, store: store) else {
        return false
      }
      if let found, let notice = time.confirm(found.gap) { notices.append(notice) }
      savedAt = nil
      return true
    } catch {
      noteConfirmation(error)
      return false
    }
  }

  private func removeConfirmation() {
    do throws(EventLogError) {
      try options.disk.removeIfPresent(paths.clockConfirmation)
      isUnreadable = false
    } catch {
      noteConfirmation(error)
    }
  }

  private func noteConfirmation(_ error: EventLogError) {
    if !isUnreadable { notices.append(.unreadable(error)) }
    isUnreadable = true
  }

  /// False when it was not possible.
  private func save(_ lsn: LSN) throws(EventLogError) -> Bool {
    let file = ClockFile(store: store, time: time.saved(lastLSN: lsn))
    do throws(EventLogError) {
      try options.disk.replaceFile(
        ClockFile.fileName, in: paths.root, with: file.encoded(), breaks: options.breaks
      ) { () throws(EventLogError) in try lock.check() }
    } catch {
      if error.code == .fenced { throw error }
      if let fence = lock.fence { throw fence }
      // It would keep the room that it has for itself.
      try? options.disk.removeIfPresent(paths.clock + ".tmp")
      note(error)
      return false
    }
    if isFailing { notices.append(.kept) }
    isFailing = false
    savedAt = time.now
    return true
  }

  private func note(_ error: EventLogError) {
    if !isFailing { notices.append(.notKept(error)) }
    isFailing = true
  }
}
