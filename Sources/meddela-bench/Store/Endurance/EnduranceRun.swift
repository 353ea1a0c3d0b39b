internal import CBareRelay
internal import EventLog
internal import LogSequence

/// Writes at a steady pace for long, reads and carries as the service does beside it, and looks
/// every second at what the log and the process hold.
struct EnduranceRun {
  struct Options {
    var seconds = 3600.0
    var rate = 100_000
    var turn = 64
    var retentionSeconds: Int64 = 60
    var segmentBytes = 64 << 20
    /// Reads of single records a second, half of them by id.
    var reads = 1000
    /// Every how many records an event begins that stays open for long.
    var longEvery = 10_000
    /// A deliberate defect: some events never end, and what retention asks for is not written.
    var ignoresCarries = false

    /// How much longer than retention some events stay open.
    static let openFactor = 2.5
    /// After so many retention times all is as it will be.
    static let warmUpFactor = 4.0

    var warmUpSeconds: Double { Self.warmUpFactor * Double(retentionSeconds) }
  }

  let options: Options
  let path: String
  let note: (String) -> Void
  private(set) var report = EnduranceReport()

  private let signal = DurableSignal(durable: 0, keepsFrames: false)
  private let inbox = EnduranceInbox()
  private var load: EnduranceLoad
  /// How many events had begun at which second: the last ones are there for certain.
  private var begun: [(seconds: Double, events: UInt64)] = []
  private var random: UInt64 = 1

  private static let maxBuffered = 8 << 20
  /// From one turn with reads, carries and retention to the next, and from one sample to the next.
  private static let upkeepSeconds = 0.01
  private static let sampleSeconds = 1.0
  private static let noteSeconds = 60.0

  init(_ options: Options, path: String, note: @escaping (String) -> Void) {
    self.options = options
    self.path = path
    self.note = note
    let open = options.ignoresCarries ? 1e9 : Double(options.retentionSeconds) * Options.openFactor
    load = EnduranceLoad(longEvery: options.longEvery, openNanoseconds: Int64(open * 1e9))
  }

  mutating func run() throws {
    var logOptions = EventLogOptions(path: path)
    logOptions.segmentBytes = options.segmentBytes
    logOptions.retentionSeconds = options.retentionSeconds
    // As rarely, beside what is kept, as with days of it.
    logOptions.retentionCheckMilliseconds = Int(options.retentionSeconds) * 1000 / 16
    let log = try EventLog.open(logOptions, callbacks: inbox.callbacks(beside: signal))
    let scrubber = makeScrubber()
    try scrubber.start()
    defer { scrubber.stop() }
    report.begin(options)
    try write(log)
    report.end(
      volume: log.writeVolume, removed: try EventLogReader(path: path).firstLSN.previous.rawValue,
      written: log.nextLSN.previous.rawValue, carried: load.carried, answers: inbox.answers)
    try log.close()
  }

  private func makeScrubber() -> Scrubber {
    var options = Scrubber.Options()
    options.pauseSeconds = 10
    let inbox = self.inbox
    return Scrubber(
      path: path, options: options,
      callbacks: Scrubber.Callbacks(
        onDamage: { inbox.note("scrub: \($0)") }, onFailure: { inbox.note("scrub: \($0)") }))
  }

  private mutating func write(_ log: EventLog) throws {
    let start = StorePasses.seconds()
    var upkeepAt = 0.0
    var sampleAt = Self.sampleSeconds
    var noteAt = Self.noteSeconds
    while true {
      let now = StorePasses.seconds() - start
      if now >= options.seconds { return }
      if now >= upkeepAt {
        try keepUp(log, at: now)
        upkeepAt = now + Self.upkeepSeconds
      }
      if now >= sampleAt {
        try sample(log, at: now)
        sampleAt += Self.sampleSeconds
        if now >= noteAt {
          report.lastMinute.map(note)
          noteAt += Self.noteSeconds
        }
      }
      let due = Int(now * Double(options.rate)) - load.records
      if due < options.turn {
        bare_sleep(Double(options.turn - due) / Double(options.rate))
      } else if log.bufferedBytes > Self.maxBuffered {
        try signal.waitDurable(log.durableLSN.next)
      } else if log.isBehind || log.isShortOfSpace {
        bare_sleep(0.001)
      } else {
        load.append(options.turn, to: log, at: bare_wall_nanoseconds())
        log.endTurn()
      }
    }
  }

  /// What the service does between its turns.
  private mutating func keepUp(_ log: EventLog, at now: Double) throws {
    if let fault = inbox.fault { throw BenchFailure(fault) }
    let carries = inbox.takeCarries()
    if !carries.isEmpty, !options.ignoresCarries {
      load.carry(carries, to: log, at: bare_wall_nanoseconds())
      log.endTurn()
    }
    if let from = inbox.nextOutboxRead() {
      log.readRange(from: from, limitBytes: 1 << 20, token: EnduranceInbox.outboxToken)
    }
    log.retain(from: min(inbox.outbox, log.nextLSN))
    let reads = Int(Double(options.reads) * Self.upkeepSeconds)
    // Events in the outer part of what retention has to leave.
    let certain = Double(options.retentionSeconds) * 0.7
    begun.append((now, load.events))
    if let index = begun.firstIndex(where: { $0.seconds >= now - certain }), index > 64 {
      begun.removeFirst(index)
    }
    if reads > 0, inbox.mayAsk(reads) { ask(log, reads) }
  }

  private mutating func ask(_ log: EventLog, _ reads: Int) {
    let oldest = begun.first { $0.events > 0 }?.events ?? 0
    // Some of what retention removes just now, too.
    let reach = UInt64(options.rate) * UInt64(options.retentionSeconds) * 3 / 2
    var requests: [ReadRequest] = []
    for index in 0..<reads {
      random = NumberedRecord.mixed(random)
      if index % 16 == 1, let id = load.openID(random) {
        requests.append(ReadRequest(token: EnduranceInbox.eventToken, .newest(id: id)))
      } else if index % 2 == 0, oldest > 0, load.events > oldest {
        let event = oldest + random % (load.events - oldest)
        requests.append(
          ReadRequest(
            token: EnduranceInbox.eventToken, .newest(id: EnduranceLoad.id(event: event))))
      } else {
        let lsn = LSN(log.durableLSN.rawValue - min(log.durableLSN.rawValue, random % reach))
        requests.append(ReadRequest(token: EnduranceInbox.recordToken, .record(lsn: lsn)))
      }
    }
    log.read(requests)
  }

  private mutating func sample(_ log: EventLog, at now: Double) throws {
    let usage = ProcessUsage.now()
    let durable = max(0, load.records - log.durableLSN.distance(to: log.nextLSN.previous))
    report.add(
      EnduranceSample(
        seconds: now, records: durable,
        diskBytes: ScratchFolder.allocatedBytes(path) + usage.removedBytes,
        residentBytes: usage.residentBytes, descriptors: usage.descriptors,
        indexBytes: log.indexBytes,
        keptRecords: try EventLogReader(path: path).firstLSN.distance(to: log.nextLSN),
        outboxRecords: min(log.nextLSN, inbox.outbox).distance(to: log.nextLSN),
        lagSeconds: max(0, now - Double(durable) / Double(options.rate))))
  }
}
