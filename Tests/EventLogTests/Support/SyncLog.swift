import LogSequence

@testable import EventLog

/// The log without its threads: every step happens when it is called, so a crash can be put at
/// any system call and comes back with its seed.
final class SyncLog {
  /// Every record there is, read after the opening.
  let recovered: [ModelRecord]
  /// What the opening showed its owner.
  let replayed: [ModelRecord]
  /// The last LSN that tables covered at the opening.
  let covered: LSN
  let report: RecoveryReport
  let opened: Recovery.Opened

  var keeper: TableKeeper { opened.keeper }
  /// What a caller may have been told is durable.
  var acknowledgedLSN: LSN { opened.writer.acknowledgedLSN }

  init(_ options: EventLogOptions) throws(EventLogError) {
    var records: [ModelRecord] = []
    var recovery = Recovery(try options.checked(), onSpace: { _ in })
    let opened = try recovery.run { records.append(ModelRecord($0)) }
    self.opened = opened
    replayed = records
    report = opened.report
    covered = opened.keeper.coveredLSN
    recovered = try Self.all(options)
  }

  private static func all(_ options: EventLogOptions) throws(EventLogError) -> [ModelRecord] {
    var records: [ModelRecord] = []
    do {
      let reader = try EventLogReader(path: options.path, disk: options.disk)
      try reader.forEachRecord { records.append(ModelRecord($0)) }
    } catch let error as EventLogError {
      throw error
    } catch {
      preconditionFailure("a reader throws nothing else")
    }
    return records
  }

  /// What the keeper's thread would do, one step at a time.
  func maintain(steps: Int = .max) throws(EventLogError) {
    for segment in opened.writer.takeSealed() { keeper.add(segment) }
    for _ in 0..<steps {
      let isDone = try repairing { () throws(EventLogError) in
        if try keeper.indexNext() { return false }
        try keeper.writeCheckpoint()
        return try !keeper.mergeOnce()
      }
      if isDone { return }
    }
  }

  /// Does it again after a damaged derived file was made again.
  private func repairing<R>(_ body: () throws(EventLogError) -> R) throws(EventLogError) -> R {
    var repairs = 0
    while true {
      do throws(EventLogError) {
        return try body()
      } catch {
        guard error.code == .derivedDamaged, repairs < 100 else { throw error }
        repairs += 1
        try keeper.repair(error.file)
      }
    }
  }

  /// The LSNs that may be an event's newest, as the owner and the reader thread would find them.
  func newest(_ id: [UInt8]) throws(EventLogError) -> LSN? {
    let hash = hash(id)
    if let value = opened.index.first(hash.high) { return value.lsn }
    return try repairing { () throws(EventLogError) in
      for table in keeper.published.set.suspects(hash) {
        if let entry = try table.find(hash) { return entry.value.lsn }
      }
      return nil
    }
  }

  func hash(_ id: [UInt8]) -> EventHash {
    id.withBytes { SipHash.hash($0, key: opened.identity.key) }
  }

  /// One frame; on return it is durable.
  func commit(_ records: [ModelRecord]) throws(EventLogError) {
    let bytes = records.reduce(0) {
      $0 + RecordCodec.length(id: $1.id.count, payload: $1.payload.count)
    }
    let buffer = FrameBuffer(payload: bytes)
    for record in records {
      record.id.withBytes { id in
        record.payload.withBytes { payload in
          buffer.append(
            record.header, id: id, payload: payload, UnsafeRawBufferPointer(start: nil, count: 0),
            length: RecordCodec.length(id: id.count, payload: payload.count))
        }
      }
    }
    try opened.writer.write(buffer)
  }

  /// One step of retention, with what the owner's thread would check: what has to be carried
  /// first. Nothing else was appended since `maintain`.
  func retire(cutoff: Int64, keepFrom: LSN, _ model: Model) throws(EventLogError)
    -> [CarryRequest]
  {
    let plan = try repairing { () throws(EventLogError) in
      try keeper.planRetention(cutoff: cutoff, keepFrom: keepFrom)
    }
    guard let proposal = plan.proposal else { return plan.carries }
    let recent = model.records[Int(proposal.coveredLSN.rawValue)...]
    let isTouched = recent.contains {
      $0.header.flags.isDisjoint(with: [.final, .base]) && $0.header.previousLSN > 0
        && proposal.finals.mayContain($0.header.hash)
    }
    if isTouched { return plan.carries }
    if let origin = try opened.writer.drop(through: proposal.segment) {
      try keeper.forget(through: proposal.segment, origin: origin)
    }
    return plan.carries
  }

  /// Goes on in a new segment, if this one has records.
  func seal() throws(EventLogError) {
    let writer = opened.writer
    if writer.point.lsn >= writer.header.baseLSN { try writer.roll() }
  }

  func confirm() throws(EventLogError) { try opened.writer.writeEmpty(.confirm) }

  /// A clean end.
  func close() throws(EventLogError) {
    try opened.writer.close()
    opened.lock.closeQuietly()
  }

  /// An end without a word.
  func kill() {
    opened.writer.file.closeQuietly()
    opened.lock.closeQuietly()
  }
}

extension EventLogOptions {
  /// Small segments on a simulated disk.
  static func simulated(
    _ disk: SimDisk, segmentBytes: Int = 64 << 10, breaks: Breaks = []
  ) -> EventLogOptions {
    var options = EventLogOptions(path: "/store")
    options.segmentBytes = segmentBytes
    options.disk = disk
    options.spaceRetryMilliseconds = 1
    options.breaks = breaks
    return options
  }

  /// Small segments on a disk that only keeps files.
  static func inMemory(_ disk: MemoryDisk) throws(SystemError) -> EventLogOptions {
    try disk.makeDirectory("/d")
    var options = EventLogOptions(path: "/d/store")
    options.segmentBytes = 64 << 10
    options.disk = disk
    return options
  }
}

extension TableKeeper {
  /// By age alone, with all patience: old is what was written before `cutoff` by the times in the
  /// records.
  func planRetention(cutoff: Int64, keepFrom: LSN) throws(EventLogError) -> RetentionPlan {
    let old = indexed.prefix { $0.positions.latest < cutoff }.last?.lastLSN ?? 0
    return try planRetention(RetentionBounds(oldLSN: old, keepFrom: keepFrom))
  }
}
