internal import ArgumentParser
internal import EventLog
internal import Glibc
internal import LogSequence

/// `meddela-bench store-start`: opens a store of numbered records in a process of its own, asks for
/// random events, and says in one line what that took.
struct StoreStartCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "store-start", abstract: "Opens a store, and looks events up in it.",
    shouldDisplay: false)

  @Argument(help: "The directory of the store.")
  var directory: String

  @Argument(help: "Bytes of its segments.")
  var segmentBytes: Int

  @Argument(help: "Look-ups, of each kind.")
  var reads: Int

  func run() throws {
    var options = EventLogOptions(path: directory)
    options.mustExist = true
    options.segmentBytes = segmentBytes
    let signal = DurableSignal(durable: 0)
    let start = StorePasses.seconds()
    let log = try EventLog.open(options, callbacks: signal.callbacks)
    var outcome = StartOutcome()
    outcome.startSeconds = StorePasses.seconds() - start
    outcome.residentBytes = ProcessUsage.resident()
    let records = log.nextLSN.previous.rawValue
    outcome.present = try lookUp(log, signal, isThere: true, of: records)
    outcome.absent = try lookUp(log, signal, isThere: false, of: records)
    outcome.usedBytes = ProcessUsage.resident()
    outcome.indexBytes = log.indexBytes
    outcome.descriptors = ProcessUsage.now().descriptors
    print(outcome.words)
    try log.close()
  }

  /// As the service does: memory is asked first, and the disk only where that cannot tell. One
  /// after the other.
  private func lookUp(
    _ log: EventLog, _ signal: DurableSignal, isThere: Bool, of records: UInt64
  ) throws -> StartOutcome.LookUps {
    signal.reset(durable: LSN(records))
    var asked = 0
    var times: [Double] = []
    times.reserveCapacity(reads)
    for index in 0..<reads {
      let number = NumberedRecord.mixed(UInt64(index)) % records + 1
      var id = [UInt8](repeating: 0, count: NumberedRecord.idBytes)
      let base = LSN(isThere ? 0 : 1 << 40)
      id.withUnsafeMutableBytes { NumberedRecord(number, base: base).writeID($0) }
      let begun = StorePasses.seconds()
      let known = id.withUnsafeBytes { log.lookup(log.hash(of: $0)) }
      if known != .absent {
        asked += 1
        log.read([ReadRequest(token: 0, .newest(id: id))])
        try signal.waitAnswers(asked)
      }
      times.append(StorePasses.seconds() - begun)
      if isThere, known == .absent { throw BenchFailure("event of record \(number) is gone") }
    }
    times.sort()
    return StartOutcome.LookUps(
      median: times[reads / 2], high: times[min(reads - 1, reads * 99 / 100)], asked: asked)
  }
}

/// What one start of a store took, in a process of its own.
struct StartOutcome {
  struct LookUps {
    /// Seconds; `high`: the 99th percentile.
    var median = 0.0
    var high = 0.0
    /// How many went to the disk.
    var asked = 0
  }

  var startSeconds = 0.0
  /// Resident memory after the start, and after all look-ups.
  var residentBytes = 0
  var usedBytes = 0
  var indexBytes = 0
  var descriptors = 0
  var present = LookUps()
  var absent = LookUps()

  init() {}

  /// From one process to another.
  var words: String {
    let numbers = [
      startSeconds, Double(residentBytes), Double(usedBytes), Double(indexBytes),
      Double(descriptors), present.median, present.high, Double(present.asked), absent.median,
      absent.high, Double(absent.asked),
    ]
    return numbers.map { "\($0)" }.joined(separator: " ")
  }

  /// - Throws: when the words are others.
  init(words: String) throws {
    let numbers = words.split(whereSeparator: \.isWhitespace).compactMap { Double($0) }
    guard numbers.count == 11 else { throw BenchFailure("a start said: \(words)") }
    startSeconds = numbers[0]
    residentBytes = Int(numbers[1])
    usedBytes = Int(numbers[2])
    indexBytes = Int(numbers[3])
    descriptors = Int(numbers[4])
    present = LookUps(median: numbers[5], high: numbers[6], asked: Int(numbers[7]))
    absent = LookUps(median: numbers[8], high: numbers[9], asked: Int(numbers[10]))
  }
}
