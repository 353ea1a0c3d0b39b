package import LogSequence
internal import Synchronization

/// The append-only store of one shard: the writer's side. Knows bytes, not events.
///
/// Every method is called on one thread, the owner's; the callbacks come on the log's own threads.
/// There are five in all: the caller's, one that writes and syncs, one that reads records back,
/// one that prepares the next segment, and one that indexes sealed segments; while it opens, one
/// that reads ahead. Ends with `close()`;
/// letting go of it without is like a crash, which the next opening recovers from.
///
/// Guarantees: what `onDurable` named survives any crash of a disk that honours a flush. Damage to
/// durable bytes is found when the store is opened or the record is read, never repaired. Any
/// write or sync error is final: `onFailure` is called once and nothing is said to be durable
/// afterwards.
package final class EventLog {
  /// What opening found.
  package let recovery: RecoveryReport
  /// The next LSN that `append` takes.
  package private(set) var nextLSN: LSN
  /// Longest record (header, id, payload together) that `append` takes.
  package let maxRecordBytes: Int
  let index: EventIndex
  /// Tables as the owner's thread sees them; never older than what was forgotten from `index`.
  private(set) var tables: TableSet
  private let published: PublishedTables
  private var tablesSeen: Int
  private var sweep = IndexSweep()
  /// What `index` has yet to be told, many at once.
  private var pending: [PendingNote] = []
  private(set) var reopened: ReopenedEvents
  let key: SipKey
  let mask: UInt64
  let reader: ReaderThread
  private let frameTarget: Int
  let committer: Committer
  let preparer: SparePreparer
  let map: SegmentMap
  let keeper: KeeperThread
  private let lock: StoreLock
  /// The filling frame while a turn goes on.
  private var filling: FrameBuffer?
  private var appendedBytes = 0
  private(set) var isOpen = true

  /// Opens the store or makes it. Blocks; call it off the loop.
  ///
  /// `replay` sees, in LSN order, views that are valid in the call. First, of the segments that
  /// are indexed: the newest record of every event that was open at their end (where
  /// `options.replays` says so), and of each kind that is no event's. Then every record behind
  /// them. It is the same whether derived files were there or had to be made.
  package static func open(
    _ options: EventLogOptions, callbacks: EventLogCallbacks,
    replay: @escaping (RecordView) throws -> Void = { _ in }
  ) throws(EventLogError) -> EventLog {
    Limits.assertRelations()
    let options = try options.checked()
    var recovery = Recovery(options, onSpace: callbacks.onSpace)
    let opened = try recovery.run(replay)
    let log = EventLog(opened.options, callbacks, opened)
    try log.startThreads()
    return log
  }

  private init(
    _ options: EventLogOptions, _ callbacks: EventLogCallbacks, _ opened: Recovery.Opened
  ) {
    let writer = opened.writer
    recovery = opened.report
    index = opened.index
    published = opened.keeper.published
    tablesSeen = published.generation.value
    tables = published.set
    published.seen.set(tablesSeen)
    reopened = opened.reopened
    let keeper = KeeperThread(opened.keeper, opened.clock, callbacks)
    self.keeper = keeper
    key = opened.identity.key
    mask = options.fingerprintMask
    lock = opened.lock
    map = writer.map
    preparer = writer.preparer
    nextLSN = writer.point.lsn.next
    maxRecordBytes = Limits.maxRecordBytes(segmentBytes: options.segmentBytes)
    frameTarget = min(Limits.frameTargetBytes, maxRecordBytes)
    pending.reserveCapacity(Self.pendingNotes)
    let fetcher = RecordFetcher(
      map, SegmentFiles(options.disk, writer.paths), onDamage: { keeper.distrust($0) })
    let published = self.published
    let reader = ReaderThread(
      fetcher, durableLSN: writer.point.lsn, onRead: callbacks.onRead,
      tables: ReaderThread.Tables(
        current: { published.set }, repair: { keeper.repair($0) }))
    self.reader = reader
    committer = Committer(
      writer, callbacks,
      Committer.Others(
        onAdvance: { reader.advance(to: $0, failure: $1) },
        onSealed: { keeper.add($0) },
        onDropped: { keeper.dropped(through: $0, origin: $1) }))
  }

  deinit {
    if isOpen { abandon() }
  }

  private func startThreads() throws(EventLogError) {
    try reader.start()
    try committer.start()
    let (committer, lock, reader) = (self.committer, self.lock, self.reader)
    try preparer.start { error in committer.fail(lock.reason(for: error)) }
    try keeper.start(
      KeeperThread.Others(
        durableLSN: { committer.durableLSN.load(ordering: .acquiring) },
        onForgotten: { reader.forget(through: $0) },
        onFailure: { committer.fail($0) }))
  }

  /// Copies a record into the filling frame, and the index learns of it. Never blocks. Not durable
  /// before `onDurable` names its LSN; not handed to the disk before `endTurn`.
  ///
  /// `header.lsn` is `nextLSN`; for an `.event` record `header.hash` is `hash(of: id)` and
  /// `previousLSN` its event's newest record, which is checked when the index is next asked or the
  /// turn ends. The payload is `payload` followed by `more`.
  package func append(
    _ header: RecordHeader, id: UnsafeRawBufferPointer, payload: UnsafeRawBufferPointer,
    _ more: UnsafeRawBufferPointer = UnsafeRawBufferPointer(start: nil, count: 0)
  ) {
    precondition(isOpen, "append to a closed log")
    precondition(header.lsn == nextLSN, "records are appended in LSN order")
    precondition(id.count <= Limits.maxIDBytes, "an id is longer than the log takes")
    let length = RecordCodec.length(id: id.count, payload: payload.count + more.count)
    precondition(length <= maxRecordBytes, "a record is longer than the log takes")
    if header.flags.contains(.event) { note(header) }
    if let frame = filling, frame.takes(length, target: frameTarget) {
      frame.append(header, id: id, payload: payload, more, length: length)
    } else {
      let frame = nextFrame(for: length)
      filling = frame
      frame.append(header, id: id, payload: payload, more, length: length)
    }
    appendedBytes += length
    assert(length % 8 == 0, "records begin at a multiple of 8")
    nextLSN = nextLSN.next
  }

  private func nextFrame(for length: Int) -> FrameBuffer {
    if filling == nil {
      let frame = committer.beginTurn()
      if frame.takes(length, target: frameTarget) { return frame }
    }
    return committer.exchangeFull(length: length)
  }

  private struct PendingNote {
    var hash: EventHash
    var previousLSN: LSN
    var value: IndexValue
  }

  /// How many notes are gathered: enough for a slot to come from memory while others do.
  private static let pendingNotes = 32

  @inline(__always)
  private func note(_ header: RecordHeader) {
    if pending.count == Self.pendingNotes { applyNotes() }
    pending.append(
      PendingNote(
        hash: header.hash, previousLSN: header.previousLSN, value: IndexValue(header)))
  }

  /// Tells `index` what was appended; before anything is asked of it.
  @inline(__always)
  func catchUpIndex() {
    if !pending.isEmpty { applyNotes() }
  }

  private func applyNotes() {
    refreshTables()
    let covered = tables.coveredLSN
    // All at once: a processor overlaps the walks to so many pages only if nothing is in between.
    for note in pending { index.prefetch(note.hash.high & mask) }
    for note in pending {
      let known = index.update(
        note.hash.high & mask, previous: note.previousLSN, to: note.value)
      // Only of an event that was final in an indexed segment memory knows nothing.
      precondition(
        known != .unknown || note.previousLSN <= covered,
        "previousLSN is not the newest of this event")
      if known.wasFinal { reopened.note(note.value, of: note.hash) }
      sweep.step(index)
    }
    pending.removeAll(keepingCapacity: true)
  }

  /// Newer tables are there: what they know of final events is forgotten from memory, bit by bit.
  func seeTables() {
    tablesSeen = published.generation.value
    tables = published.set
    published.seen.set(tablesSeen)
    sweep.begin(through: tables.coveredLSN)
    reopened.see(covered: tables.coveredLSN)
  }

  /// Makes `tables` the newest there are.
  @inline(__always)
  func refreshTables() {
    if published.generation.value != tablesSeen { seeTables() }
  }

  /// Hands what was appended to the sync thread, at once when no frame is in flight, else as soon
  /// as it is done.
  package func endTurn() {
    precondition(isOpen, "a turn of a closed log")
    catchUpIndex()
    guard filling != nil else { return }
    filling = nil
    committer.endTurn()
  }

  /// Bytes of records appended and not yet durable: the owner stops taking input above its bound.
  package var bufferedBytes: Int {
    let bytes = appendedBytes - committer.durableBytes.load(ordering: .relaxed)
    assert(bytes >= 0, "only what was appended becomes durable")
    return bytes
  }

  /// How long the disk takes to make frames durable, and has taken for the one under way.
  package var syncTimes: SyncTimes { committer.syncTimes }

  /// Every record up to here is durable.
  package var durableLSN: LSN { committer.durableLSN.load(ordering: .acquiring) }

  /// Why the log is poisoned, nil while it is well.
  package var failure: EventLogError? { committer.currentFailure }

  /// Whether there is no room for what is prepared ahead: the owner takes nothing in until there
  /// is, and what is under way has the rest of the segment and one more.
  package var isShortOfSpace: Bool { preparer.isShortOfSpace }

  /// Sealed segments that are not indexed yet, of those sealed since the log was opened.
  package var segmentsToIndex: Int { keeper.backlog.load(ordering: .relaxed) }

  /// Whether so much waits to be indexed that the owner should take nothing in: memory holds what
  /// the indexing thread, which stands back behind the others, has not come to.
  package var isBehind: Bool { segmentsToIndex >= Limits.segmentsToIndex }

  /// Bytes of memory held by the indexes.
  package var indexBytes: Int { index.bytes + map.bytes + tables.memoryBytes }

  /// Events in memory: the open and the recent ones.
  package var eventCount: Int { index.count }

  /// Events in tables; one that is in several counts for each.
  package var storedEvents: Int { tables.tables.reduce(0) { $0 + $1.header.entries } }

  /// Writes and syncs everything, marks the store as closed, and releases the lock. Blocks. Throws
  /// the failure when the log is poisoned, or when there is no room for what is still in memory;
  /// the lock is released all the same.
  package func close() throws(EventLogError) {
    precondition(isOpen, "a log is closed once")
    isOpen = false
    filling = nil
    defer {
      preparer.stop()
      reader.stop()
      // Tables that the last merges replaced.
      seeTables()
      _ = published.releasePrevious()
      lock.closeQuietly()
    }
    preparer.stopWaitingForSpace()
    let writer: SegmentWriter
    do throws(EventLogError) {
      writer = try committer.finish()
    } catch {
      keeper.stop(finishing: false)
      throw error
    }
    keeper.stop(finishing: true)
    try writer.close()
  }

  /// Stops without writing what is still in memory, as a crash would.
  func abandon() {
    isOpen = false
    preparer.stop()
    keeper.stop(finishing: false)
    committer.abandon()
    reader.stop()
    lock.closeQuietly()
  }
}
