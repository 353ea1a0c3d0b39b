package import LogSequence

/// How to open an event log.
package struct EventLogOptions: Sendable {
  /// The directory of one shard. Made when absent; its parent must exist.
  package var path: String
  /// Whether opening refuses where there is no store, instead of making one: a folder that is empty
  /// because its volume is not mounted is no new store.
  package var mustExist = false
  /// Size of a segment file, rounded up to 4 KiB; 64 KiB to 16 GiB. A store may be opened with
  /// another size than it was made with: it counts from the next segment on.
  package var segmentBytes = 256 << 20
  /// Where it is set, `segmentBytes` is only what is wanted: a new store halves it on a file system
  /// with little room, down to this (see `StoreRoom`), and a store that exists goes on with
  /// segments of the size that its newest one has, unless that is smaller than this.
  package var leastSegmentBytes: Int?
  /// The longest payload that a record of such a log takes, whatever its id.
  package var maxPayloadBytes: Int {
    Limits.maxRecordBytes(segmentBytes: segmentBytes) - Limits.recordHeaderBytes
      - Limits.maxIDBytes
  }
  /// A data frame with nothing after it for this long is followed by a confirm frame.
  package var confirmMilliseconds = 80
  /// Of which open events in indexed segments `replay` is shown the newest record: each of them is
  /// read back, so an owner leaves out those it does not need.
  package var replays: @Sendable (EventLocation) -> Bool = { _ in true }
  /// Every system call of the log. Replaced by a simulated disk in tests.
  package var disk: any Disk = LinuxDisk()
  /// Segments whose events are all final and older than this are removed; nil keeps everything.
  package var retentionSeconds: Int64?
  /// The oldest segments are removed, however young, while the store takes more than this: sealed
  /// segments, derived files, and three segments for the one that is written and those prepared.
  /// What open events need stays. An id may come again once its records are gone. Nil: any size.
  package var maxBytes: Int64?
  /// Whether retention removes a segment that is damaged; otherwise it keeps it, and those behind
  /// it.
  package var dropsDamaged = false
  /// Whether checkpoints are written while the log is open; one is at a clean end.
  package var writesCheckpoints = true
  /// How many bytes a second merges of derived files write at most.
  package var mergeBytesPerSecond = 64 << 20
  /// Frames of so many bytes of payload end where a block ends and are written around the page
  /// cache, where the file system can; tests want smaller ones.
  package var directFrameBytes = Limits.directFrameBytes
  /// How fast the disk has to be for that; 0 in tests, where time must not count.
  package var directBytesPerSecond = Limits.directBytesPerSecond
  /// How fast the zeros of a spare segment are written that nobody waits for.
  var spareBytesPerSecond = Limits.spareBytesPerSecond
  /// How long an opening reads a spare that it found, hundreds of megabytes but on a slow disk,
  /// before it makes another.
  var spareCheckMilliseconds = 250
  /// How soon a segment that found no room is tried again.
  var spaceRetryMilliseconds = 1000
  /// Bits of the fingerprint that are kept: all but in tests, which want collisions.
  var fingerprintMask = UInt64.max
  /// How often retention looks for an old segment.
  package var retentionCheckMilliseconds = 60_000
  /// Unix nanoseconds: what retention is told of the time that the log was closed.
  var wallClock: @Sendable () -> Int64 = wallNanoseconds
  /// Nanoseconds of a clock that nobody sets: what retention goes by while the log is open, and
  /// the age of a segment.
  var steadyClock: @Sendable () -> UInt64 = steadyNanoseconds
  /// Of new segments.
  var segmentVersion = SegmentHeader.version
  /// Deliberate defects, for tests.
  var breaks: Breaks = []

  package init(path: String) { self.path = path }

  /// Whether anything is ever removed.
  var retains: Bool { retentionSeconds != nil || maxBytes != nil }

  /// A segment older than this is sealed even if it is not full, so that retention comes to its
  /// records in time; nil when there is no retention.
  var segmentNanoseconds: Int64? {
    retentionSeconds.map { max(1, min($0, 1 << 30) / 8) * 1_000_000_000 }
  }

  func checked() throws(EventLogError) -> EventLogOptions {
    var options = self
    options.segmentBytes = roundUp(segmentBytes, to: Limits.blockBytes)
    guard Limits.minSegmentBytes...Limits.maxSegmentBytes ~= options.segmentBytes else {
      throw EventLogError(
        .badOptions,
        """
        segmentBytes is \(segmentBytes); expected \(Limits.minSegmentBytes) to \
        \(Limits.maxSegmentBytes)
        """)
    }
    if let retentionSeconds, retentionSeconds < 1 {
      throw EventLogError(
        .badOptions, "retentionSeconds is \(retentionSeconds); expected at least 1")
    }
    try options.fitSegments()
    guard 1...100 ~= confirmMilliseconds else {
      throw EventLogError(
        .badOptions, "confirmMilliseconds is \(confirmMilliseconds); expected 1 to 100")
    }
    return options
  }

  /// Makes segments smaller until a bound on the bytes of the store leaves room for enough of them.
  private mutating func fitSegments() throws(EventLogError) {
    guard let maxBytes else { return }
    let least = leastSegmentBytes ?? segmentBytes
    while !fits(segmentBytes), segmentBytes / 2 >= least {
      segmentBytes = roundUp(segmentBytes / 2, to: Limits.blockBytes)
    }
    guard !fits(segmentBytes) else { return }
    throw EventLogError(
      .badOptions,
      """
      maxBytes is \(maxBytes); expected at least \(EventLog.leastMaxBytes(segmentBytes: least)), \
      \(Limits.leastSegments) segments
      """)
  }

  /// Whether the bound on the bytes of the store, if any, leaves room for segments of this size.
  func fits(_ segmentBytes: Int) -> Bool {
    maxBytes.map { $0 >= Int64(EventLog.leastMaxBytes(segmentBytes: segmentBytes)) } ?? true
  }
}

/// What the log says on its own threads; the owner hops to its loop. None may call the log back
/// directly, and none may block for long: the next frame waits for it.
package struct EventLogCallbacks: Sendable {
  /// Every record up to this LSN is durable. Rises; called once per durable frame with records.
  package var onDurable: @Sendable (LSN) -> Void
  /// Answers to `read`, in the order of the requests.
  package var onRead: @Sendable ([ReadAnswer]) -> Void
  /// The log is poisoned; called once. Nothing becomes durable any more and the process should
  /// end with the error's exit code.
  package var onFailure: @Sendable (EventLogError) -> Void
  /// No space to prepare the next segment (the error), or space again (nil). Writing goes on
  /// until the current segment is full, then waits; it goes on by itself.
  package var onSpace: @Sendable (EventLogError?) -> Void
  /// These hold an old segment back: the owner appends for each event that is still open a record
  /// flagged `.base` that holds all that is needed of it, and for each other a newer one of its
  /// kind. Asked again until it is done.
  package var onCarry: @Sendable ([CarryRequest]) -> Void
  /// Damage was met; the log goes on.
  package var onDamage: @Sendable (LogDamage) -> Void
  /// A clock jumped, or what it says is counted now.
  package var onClock: @Sendable (ClockNotice) -> Void

  package init(
    onDurable: @escaping @Sendable (LSN) -> Void = { _ in },
    onRead: @escaping @Sendable ([ReadAnswer]) -> Void = { _ in },
    onFailure: @escaping @Sendable (EventLogError) -> Void,
    onSpace: @escaping @Sendable (EventLogError?) -> Void = { _ in },
    onCarry: @escaping @Sendable ([CarryRequest]) -> Void = { _ in },
    onDamage: @escaping @Sendable (LogDamage) -> Void = { _ in },
    onClock: @escaping @Sendable (ClockNotice) -> Void = { _ in }
  ) {
    self.onClock = onClock
    self.onCarry = onCarry
    self.onDamage = onDamage
    self.onDurable = onDurable
    self.onRead = onRead
    self.onFailure = onFailure
    self.onSpace = onSpace
  }
}
