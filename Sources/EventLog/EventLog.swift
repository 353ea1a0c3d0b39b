internal import Synchronization

/// The append-only store of one shard: the writer's side. Knows bytes, not events.
///
/// Every method is called on one thread, the owner's; the callbacks come on the log's own threads.
/// It owns four of them in all: the caller's, one that writes and syncs, one that reads records
/// back, one that prepares the next segment. Ends with `close()`; letting go of it without is like
/// a crash, which the next opening recovers from.
///
/// Guarantees: what `onDurable` named survives any crash of a disk that honours a flush. Damage to
/// durable bytes is found when the store is opened or the record is read, never repaired. Any
/// write or sync error is final: `onFailure` is called once and nothing is said to be durable
/// afterwards.
package final class EventLog {
  /// What opening found.
  package let recovery: RecoveryReport
  /// The next LSN that `append` takes.
  package private(set) var nextLSN: UInt64
  /// Longest record (header, id, payload together) that `append` takes.
  package let maxRecordBytes: Int
  let index: EventIndex
  let key: SipKey
  let mask: UInt64
  let reader: ReaderThread
  private let frameTarget: Int
  private let committer: Committer
  private let preparer: SparePreparer
  private let map: SegmentMap
  private let lock: DiskFile
  /// The filling frame while a turn goes on.
  private var filling: FrameBuffer?
  private var appendedBytes = 0
  private var isOpen = true

  /// Opens the store or makes it, and replays every record in LSN order. Blocks; call it off the
  /// loop. `replay` sees views that are valid in the call.
  package static func open(
    _ options: EventLogOptions, callbacks: EventLogCallbacks,
    replay: @escaping (RecordView) throws -> Void = { _ in }
  ) throws(EventLogError) -> EventLog {
    Limits.assertRelations()
    let options = try options.checked()
    var recovery = Recovery(options, onSpace: callbacks.onSpace)
    let opened = try recovery.run(replay)
    let log = EventLog(options, callbacks, opened)
    try log.startThreads()
    return log
  }

  private init(
    _ options: EventLogOptions, _ callbacks: EventLogCallbacks, _ opened: Recovery.Opened
  ) {
    let writer = opened.writer
    recovery = opened.report
    index = opened.index
    key = opened.identity.key
    mask = options.fingerprintMask
    lock = opened.lock
    map = writer.map
    preparer = writer.preparer
    nextLSN = writer.point.lsn + 1
    maxRecordBytes = Limits.maxRecordBytes(segmentBytes: options.segmentBytes)
    frameTarget = min(Limits.frameTargetBytes, maxRecordBytes)
    let fetcher = RecordFetcher(map, SegmentFiles(options.disk, writer.paths))
    let reader = ReaderThread(
      fetcher, durableLSN: writer.point.lsn, onRead: callbacks.onRead)
    self.reader = reader
    committer = Committer(writer, callbacks) { reader.advance(to: $0, failure: $1) }
  }

  deinit {
    if isOpen { abandon() }
  }

  private func startThreads() throws(EventLogError) {
    try reader.start()
    try committer.start()
    let committer = self.committer
    try preparer.start { error in committer.fail(error) }
  }

  /// Copies a record into the filling frame and updates the index. Never blocks. Not durable
  /// before `onDurable` names its LSN; not handed to the disk before `endTurn`.
  ///
  /// `header.lsn` is `nextLSN`; for an `.event` record `header.hash` is `hash(of: id)` and
  /// `previousLSN` its event's newest record. The payload is `payload` followed by `more`.
  package func append(
    _ header: RecordHeader, id: UnsafeRawBufferPointer, payload: UnsafeRawBufferPointer,
    _ more: UnsafeRawBufferPointer = UnsafeRawBufferPointer(start: nil, count: 0)
  ) {
    precondition(isOpen, "append to a closed log")
    precondition(header.lsn == nextLSN, "records are appended in LSN order")
    precondition(id.count <= Limits.maxIDBytes, "an id is longer than the log takes")
    let length = RecordCodec.length(id: id.count, payload: payload.count + more.count)
    precondition(length <= maxRecordBytes, "a record is longer than the log takes")
    if header.flags.contains(.event) {
      let isKnown = index.update(
        header.hash.high & mask, previous: header.previousLSN, to: IndexValue(header))
      precondition(isKnown, "previousLSN is not the newest record of this event")
    }
    var frame = filling ?? committer.beginTurn()
    if !frame.takes(length, target: frameTarget) {
      frame = committer.exchangeFull(length: length)
    }
    filling = frame
    frame.append(header, id: id, payload: payload, more, length: length)
    appendedBytes += length
    nextLSN += 1
  }

  /// Hands what was appended to the sync thread, at once when no frame is in flight, else as soon
  /// as it is done.
  package func endTurn() {
    guard filling != nil else { return }
    filling = nil
    committer.endTurn()
  }

  /// Bytes of records appended and not yet durable: the owner stops taking input above its bound.
  package var bufferedBytes: Int {
    appendedBytes - committer.durableBytes.load(ordering: .relaxed)
  }

  /// Every record up to here is durable.
  package var durableLSN: UInt64 { committer.durableLSN.load(ordering: .acquiring) }

  /// Why the log is poisoned, nil while it is well.
  package var failure: EventLogError? { committer.currentFailure }

  /// Bytes of memory held by the indexes.
  package var indexBytes: Int { index.bytes + map.bytes }

  /// Events in the index.
  package var eventCount: Int { index.count }

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
      lock.closeQuietly()
    }
    preparer.stopWaitingForSpace()
    try committer.finish().close()
  }

  /// Stops without writing what is still in memory, as a crash would.
  func abandon() {
    isOpen = false
    preparer.stop()
    committer.abandon()
    reader.stop()
    lock.closeQuietly()
  }
}
