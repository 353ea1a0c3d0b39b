import DequeModule
import LogSequence

/// The copies for the parked queue that the broker has not taken in time: they are records of the
/// log, and are published from there when it does.
struct StoredCopies {
  /// One of them.
  struct Copy: Sendable {
    /// Of its newest record.
    var lsn: LSN
    /// Of its newest durable record: the same, but for a moment.
    var readableLSN: LSN
    var key: EventKey
    /// The LSN of its first record.
    var number: UInt64
    /// Of its record's payload.
    var bytes: Int
    /// How often the broker closed the connection over it.
    var blames = 0
  }

  /// To be published, oldest first.
  private var waiting: Deque<Copy> = []
  /// Being read, by the number that its read carries; and whether to be written again.
  private var reading: [UInt32: (stored: Copy, isCarried: Bool)] = [:]
  private var nextRead: UInt32 = 0
  /// The broker closes the connection over these: each is tried again at its time.
  private var blamed: [(at: MonotonicTime, stored: Copy)] = []
  /// Appended and not durable yet, with the message that waits; none waits for one carried on.
  private var recording: Deque<(message: MessageSlot?, stored: Copy)> = []
  /// All of them, with the place of the newest record.
  private var places: [EventKey: Copy] = [:]
  /// The broker has these, and the record that says so is not durable yet.
  private var leaving: Deque<(lsn: LSN, key: EventKey)> = []

  var count: Int { places.count }
  var isRecording: Bool { !recording.isEmpty }
  /// The messages that wait until a copy is durable.
  var messages: [MessageSlot] { recording.compactMap(\.message).filter { !$0.isNone } }
  /// Of the next one to be read.
  var nextBytes: Int { waiting.first?.bytes ?? 0 }

  /// A copy's record has been appended.
  mutating func record(_ stored: Copy, message: MessageSlot) {
    assert(places[stored.key] == nil, "a copy has one number")
    assert((recording.last?.stored.lsn ?? 0) < stored.lsn, "records come in LSN order")
    recording.append((message, stored))
    places[stored.key] = stored
  }

  /// The message of the next copy whose record is durable by now.
  mutating func popDurable(_ lsn: LSN, at now: MonotonicTime) -> MessageSlot? {
    while let first = leaving.first, first.lsn <= lsn { leaving.removeFirst() }
    while let first = recording.first, first.stored.lsn <= lsn {
      recording.removeFirst()
      guard let message = first.message else {
        places[first.stored.key]?.readableLSN = first.stored.lsn
        continue
      }
      if first.stored.blames > 0 {
        blamed.append((now + Self.pause(first.stored), first.stored))
      } else {
        waiting.append(first.stored)
      }
      return message
    }
    return nil
  }

  /// The broker closed the connection over a stored copy.
  mutating func blame(_ stored: Copy, at now: MonotonicTime) {
    var stored = stored
    stored.blames += 1
    blamed.append((now + Self.pause(stored), stored))
  }

  private static func pause(_ stored: Copy) -> TimeSpan {
    assert(stored.blames > 0, "only what was blamed pauses")
    return min(
      EngineLimits.blamedRetryMin << UInt64(min(stored.blames - 1, 6)),
      EngineLimits.blamedRetryMax)
  }

  /// A stored copy to read now, and the number for its read, if fewer than `most` are being read.
  mutating func takeToRead(atMost most: Int, at now: MonotonicTime) -> (read: UInt32, stored: Copy)?
  {
    guard reading.count(where: { !$0.value.isCarried }) < most else { return nil }
    if let index = blamed.firstIndex(where: { $0.at <= now }) {
      return read(blamed.remove(at: index).stored)
    }
    return waiting.popFirst().map { read($0) }
  }

  /// The broker did not take a copy that was read: it is the next one again.
  mutating func putBack(_ stored: Copy) {
    waiting.prepend(stored)
  }

  private mutating func read(
    _ stored: Copy, isCarried: Bool = false
  ) -> (read: UInt32, stored: Copy) {
    nextRead &+= 1
    // Retention may have had it written again since.
    let newest = places[stored.key] ?? stored
    assert(reading[nextRead] == nil, "a read has a number of its own")
    reading[nextRead] = (newest, isCarried)
    return (nextRead, newest)
  }

  /// Retention wants the record of a stored copy written again: the number for the read. Nil when
  /// it is no longer the newest, or the broker has the copy.
  mutating func carry(_ key: EventKey, lsn: LSN) -> UInt32? {
    guard let stored = places[key], stored.lsn == lsn else { return nil }
    return read(stored, isCarried: true).read
  }

  /// A read has come to its end. Nil when it is none of ours.
  mutating func didRead(_ number: UInt32) -> (stored: Copy, isCarried: Bool)? {
    reading.removeValue(forKey: number)
  }

  /// Whether there is no record where a stored copy was read, because it has been written again or
  /// the broker has it: then retention may have removed it. It is read again where it is.
  mutating func hasMoved(_ stored: Copy, isCarried: Bool) -> Bool {
    guard let newest = places[stored.key] else { return true }
    guard newest.readableLSN != stored.readableLSN else { return false }
    if !isCarried { waiting.prepend(newest) }
    return true
  }

  /// The record of a stored copy has been appended again.
  mutating func carried(_ again: Copy) {
    assert((recording.last?.stored.lsn ?? 0) < again.lsn, "records come in LSN order")
    places[again.key]?.lsn = again.lsn
    recording.append((nil, again))
  }

  /// Where a stored copy's newest record is; nil when the broker has it.
  func place(of key: EventKey) -> LSN? { places[key]?.lsn }

  /// Recovery has come to a copy's record.
  mutating func recover(_ stored: Copy) { places[stored.key] = stored }

  /// The broker has it, as the record with this LSN says.
  mutating func forget(_ key: EventKey, lsn: LSN) {
    assert((leaving.last?.lsn ?? 0) < lsn, "records come in LSN order")
    places[key] = nil
    leaving.append((lsn, key))
  }

  /// Whether a key is a copy's, and no event's, as far as the log still asks for it.
  func isOfCopy(_ key: EventKey) -> Bool {
    places[key] != nil || leaving.contains { $0.key == key }
  }

  /// Recovery is done: what the broker has not taken is published, in the order of the records.
  mutating func start() {
    assert(waiting.isEmpty && recording.isEmpty, "a start comes before everything else")
    waiting = Deque(places.values.sorted { $0.lsn < $1.lsn })
  }
}
