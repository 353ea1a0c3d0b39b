internal import EventLog
internal import Glibc
internal import LogSequence

/// Runs the passes of `meddela-bench store`, one round after the other, each contender once a
/// round, so that what else the machine does falls on all of them alike.
struct StoreBench {
  let folder: String
  let passes: StorePasses
  let rounds: Int
  let hasRivals: Bool
  let preload: Int
  let isOpen: Bool
  let hasUpkeep: Bool
  let reads: Int
  let note: (String) -> Void
  private(set) var report = StoreReport()

  init(
    folder: String, passes: StorePasses, rounds: Int, hasRivals: Bool, preload: Int,
    isOpen: Bool, hasUpkeep: Bool, reads: Int,
    note: @escaping (String) -> Void
  ) {
    self.folder = folder
    self.passes = passes
    self.rounds = rounds
    self.hasRivals = hasRivals
    self.preload = preload
    self.isOpen = isOpen
    self.hasUpkeep = hasUpkeep
    self.reads = reads
    self.note = note
  }

  mutating func run() throws {
    report.records = passes.records
    report.window = passes.window
    for round in 1...rounds {
      note("round \(round) of \(rounds)")
      try runRound(isLast: round == rounds)
    }
    if hasUpkeep { try runUpkeep() }
    if preload > 0 { try runPreloaded() }
  }

  private mutating func runRound(isLast: Bool) throws {
    let path = folder + "/log"
    let signal = DurableSignal(durable: 0)
    let lead = StorePasses(
      records: passes.records / 2, window: passes.window, turn: passes.turn)
    let held = lead.records + passes.records
    let log = try open(path, signal, holding: held)
    try warmUp(log, signal, path)
    // The first tenth of a second goes by before the scheduler gives each thread its own core.
    _ = try lead.run(log, signal)
    let outcome = try passes.run(log, signal)
    report.log.append(outcome.perSecond)
    report.frames.append(outcome.frames.count)
    if isLast { try measureReads(log, signal) }
    report.bytesPerEvent = Double(log.indexBytes) / Double(max(1, log.eventCount))
    try log.close()
    if isLast { try measureStart(path, holding: held) }
    remove(path)
    settle()
    try runBare(outcome.frames)
    guard hasRivals else { return }
    for kind in RivalStore.Kind.allCases {
      try runRival(kind, outcome.frames, isLast: isLast)
      settle()
    }
  }

  private mutating func runBare(_ frames: [Int]) throws {
    let path = folder + "/bare"
    for way in StorePasses.Bare.allCases {
      report.bare[way, default: []].append(try passes.bare(path, frames: frames, way))
      unlink(path)
      settle()
    }
  }

  private static let warmingRecords = 1 << 16

  /// Fills the first segment, so that the pass goes into blocks that are there already, as the
  /// bare one's and every later segment's are, and waits for what that set off.
  private func warmUp(_ log: EventLog, _ signal: DurableSignal, _ path: String) throws {
    let warming = StorePasses(
      records: Self.warmingRecords, window: passes.window, turn: passes.turn)
    func has(_ name: String) -> Bool { access("\(path)/segments/\(name)", F_OK) == 0 }
    while !has("0000000000000002.log") { _ = try warming.run(log, signal) }
    let end = StorePasses.seconds() + 120
    while !has("spare.next") || !has("reserve.next"), StorePasses.seconds() < end {
      usleep(10_000)
    }
    awaitUpkeep(log, path)
    settle()
  }

  private mutating func runRival(_ kind: RivalStore.Kind, _ frames: [Int], isLast: Bool) throws {
    guard report.absent[kind] == nil else { return }
    let path = folder + "/" + kind.name
    defer { remove(path) }
    let store: RivalStore
    do {
      store = try RivalStore(kind, directory: path)
    } catch {
      report.absent[kind] = "\(error)"
      return
    }
    defer { store.close() }
    let outcome = try store.run(frames: frames, limitSeconds: 20)
    report.rivals[kind, default: []].append(outcome.perSecond)
    if isLast { report.rivalReads[kind] = try store.readRandom(reads, of: outcome.count) }
  }

  /// Newest records of random events of the last pass, by id, through the log's reader thread.
  private mutating func measureReads(_ log: EventLog, _ signal: DurableSignal) throws {
    let count = UInt64(passes.records)
    let base = log.nextLSN.previous.advanced(by: -passes.records)
    let start = StorePasses.seconds()
    var asked = 0
    while asked < reads {
      let batch = (0..<min(256, reads - asked)).map { index -> ReadRequest in
        let number = NumberedRecord.mixed(UInt64(asked + index)) % count + 1
        var id = [UInt8](repeating: 0, count: NumberedRecord.idBytes)
        id.withUnsafeMutableBytes { NumberedRecord(number, base: base).writeID($0) }
        return ReadRequest(token: 0, .newest(id: id))
      }
      log.read(batch)
      asked += batch.count
      try signal.waitAnswers(asked - 256)
    }
    try signal.waitAnswers(asked)
    report.readsPerSecond = Double(reads) / (StorePasses.seconds() - start)
  }

  private mutating func measureStart(_ path: String, holding records: Int) throws {
    let start = StorePasses.seconds()
    let log = try open(path, DurableSignal(durable: 0), holding: records)
    report.startSeconds = StorePasses.seconds() - start
    report.replayedRecords = log.recovery.records
    report.replaySeconds = Double(log.recovery.nanoseconds) / 1e9
    try log.close()
  }

  /// The same pass in small segments, in turns: with a sealed one indexed every few hundredths of a
  /// second and tables merged, as always; with old segments removed, checkpoints written and all of
  /// it scrubbed again and again besides; and with none of it, for the first merge, at a byte a
  /// second, holds all of it up.
  private mutating func runUpkeep() throws {
    for round in 1...rounds {
      note("round \(round) of \(rounds) with upkeep and without")
      let all = StoreReport.Upkeep.allCases
      for upkeep in round % 2 == 0 ? all : all.reversed() { try runUpkeep(upkeep) }
    }
  }

  private mutating func runUpkeep(_ upkeep: StoreReport.Upkeep) throws {
    let path = folder + "/upkeep"
    var options = EventLogOptions(path: path)
    options.segmentBytes = 16 << 20
    options.retentionCheckMilliseconds = 100
    options.writesCheckpoints = upkeep == .all
    switch upkeep {
    case .all: options.retentionSeconds = 1
    case .indexing: break
    case .none: options.mergeBytesPerSecond = 1
    }
    let signal = DurableSignal(durable: 0)
    let log = try EventLog.open(options, callbacks: signal.callbacks)
    let scrubber = upkeep == .all ? try scrub(path) : nil
    func onTurn() { if upkeep == .all { log.retain(from: log.nextLSN) } }
    // What there is to keep up comes from the first pass.
    _ = try passes.run(log, signal, onTurn: onTurn)
    let outcome = try passes.run(log, signal, onTurn: onTurn)
    report.upkeep[upkeep, default: []].append(outcome.perSecond)
    if upkeep == .all {
      report.busyFirstLSN = try EventLogReader(path: path).firstLSN
      report.busyTables = log.storedEvents
      report.busyWrites = log.writeVolume
    }
    scrubber?.stop()
    try log.close()
    remove(path)
    settle()
  }

  private func scrub(_ path: String) throws -> Scrubber {
    var options = Scrubber.Options()
    options.pauseSeconds = 0
    let scrubber = Scrubber(
      path: path, options: options,
      callbacks: Scrubber.Callbacks(onDamage: { writeError("scrub: \($0)\n") }))
    try scrubber.start()
    return scrubber
  }

  /// The same pass on a new store and on one with many events, in turns; both stay open, so that
  /// both go on to new segments and index the old ones.
  private mutating func runPreloaded() throws {
    let path = folder + "/loaded"
    note("storing \(preload) events")
    let signal = DurableSignal(durable: 0)
    let log = try open(path, signal)
    try load(log, signal)
    awaitUpkeep(log, path)
    let other = DurableSignal(durable: 0)
    let newLog = try open(folder + "/log", other)
    for round in 1...rounds {
      note("round \(round) of \(rounds) with \(preload) stored events")
      for isLoaded in round % 2 == 0 ? [true, false] : [false, true] {
        if isLoaded {
          report.loaded.append(try passes.run(log, signal).perSecond)
        } else {
          report.unloaded.append(try passes.run(newLog, other).perSecond)
        }
        settle()
      }
    }
    try newLog.close()
    remove(folder + "/log")
    report.loadedEvents = log.eventCount + log.storedEvents
    report.loadedRecords = Int(log.nextLSN.previous.rawValue)
    report.loadedBytesPerEvent = Double(log.indexBytes) / Double(max(1, report.loadedEvents))
    report.loadedResidentBytes = ProcessUsage.resident()
    try log.close()
    try measureLoadedStarts(path)
    remove(path)
  }

  /// With the derived files, and with none: then every record is read.
  private mutating func measureLoadedStarts(_ path: String) throws {
    for hasIndex in [true, false] {
      if !hasIndex { remove(path + "/index") }
      sync()
      let start = StorePasses.seconds()
      let log = try open(path, DurableSignal(durable: 0))
      let seconds = StorePasses.seconds() - start
      if hasIndex {
        report.loadedStartSeconds = seconds
        report.loadedReplayed = log.recovery.records
        report.loadedOpen = log.eventCount
      } else {
        report.fullReplaySeconds = seconds
      }
      try log.close()
    }
  }

  /// Until what is stored is indexed and the tables merged: what that costs is measured elsewhere.
  private func awaitUpkeep(_ log: EventLog, _ path: String) {
    var quiet = 0
    while quiet < 20 {
      let names = (try? LinuxDisk().list(path + "/index")) ?? []
      let isBusy = log.segmentsToIndex > 0 || names.contains { $0.hasSuffix(".tmp") }
      quiet = isBusy ? 0 : quiet + 1
      usleep(100_000)
    }
  }

  /// Events of one record each.
  private func load(_ log: EventLog, _ signal: DurableSignal) throws {
    let final: RecordFlags = [.event, .final]
    try NumberedRecord.withSpace { id, payload -> Result<Void, any Error> in
      Result {
        for index in 1...UInt64(preload) {
          id.storeBytes(of: NumberedRecord.mixed(index), as: UInt64.self)
          id.storeBytes(of: UInt64(1) << 63, toByteOffset: 8, as: UInt64.self)
          if index % 64 == 1 { NumberedRecord(index).writePayload(payload) }
          let bytes = UnsafeRawBufferPointer(id)
          // One open event in ten has to be driven by the service.
          let open: RecordFlags = index % 10 == 0 ? [.event, .driven] : .event
          let header = RecordHeader(
            lsn: log.nextLSN, status: 3, flags: isOpen ? open : final, time: Int64(index),
            hash: log.hash(of: bytes))
          log.append(header, id: bytes, payload: UnsafeRawBufferPointer(payload))
          if index % 1024 == 0 {
            log.endTurn()
            if index > 8192 { try signal.waitDurable(LSN(index - 8192)) }
          }
        }
        log.endTurn()
        try signal.waitDurable(LSN(preload))
      }
    }.get()
  }

  /// `holding`: so many records, besides those that warm up, fit into one segment.
  private func open(
    _ path: String, _ signal: DurableSignal, holding records: Int = 0
  ) throws -> EventLog {
    var options = EventLogOptions(path: path)
    let bytes = (records + Self.warmingRecords) * NumberedRecord.bytes
    options.segmentBytes = max(options.segmentBytes, bytes + bytes / 64)
    // As the service does: a start is shown the events that it has to move on by itself.
    options.replays = { $0.flags.contains(.driven) }
    return try EventLog.open(options, callbacks: signal.callbacks)
  }

  /// What a pass left to be written must not fall on the next.
  private func settle() { sync() }

  private func remove(_ path: String) { ScratchFolder.remove(path) }
}
