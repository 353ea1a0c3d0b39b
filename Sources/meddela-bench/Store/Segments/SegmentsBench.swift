internal import CBareRelay
internal import EventLog
internal import Glibc
internal import LogSequence

/// The same records in many segments and in few, started in turns, each time by a process of its
/// own.
struct SegmentsBench {
  let folder: String
  let segments: Int
  let fewSegments: Int
  let rounds: Int
  let reads: Int
  let note: (String) -> Void
  private(set) var report = SegmentsReport()

  private struct Store {
    let path: String
    let segmentBytes: Int
  }

  init(
    folder: String, segments: Int, fewSegments: Int, rounds: Int, reads: Int,
    note: @escaping (String) -> Void
  ) {
    self.folder = folder
    self.segments = segments
    self.fewSegments = fewSegments
    self.rounds = rounds
    self.reads = reads
    self.note = note
  }

  mutating func run() throws {
    let least = Limits.minSegmentBytes
    let many = Store(path: folder + "/many", segmentBytes: least)
    let few = Store(path: folder + "/few", segmentBytes: segments / fewSegments * least)
    note("making \(segments) segments of \(least >> 10) KiB")
    report.many = try make(many) { $0.segments >= segments }
    let records = report.many.records
    note("making about \(fewSegments) segments of \(few.segmentBytes >> 10) KiB")
    report.few = try make(few) { $0.records >= records }
    report.reads = reads
    for round in 1...rounds {
      note("round \(round) of \(rounds)")
      for isMany in round % 2 == 0 ? [true, false] : [false, true] {
        let store = isMany ? many : few
        evict(store.path)
        let cold = try start(store)
        let warm = try start(store)
        if isMany {
          report.many.add(cold: cold, warm: warm)
        } else {
          report.few.add(cold: cold, warm: warm)
        }
      }
    }
  }

  /// Appends until `isDone`, with all of it indexed.
  private func make(
    _ store: Store, until isDone: (SegmentsReport.Side) -> Bool
  ) throws -> SegmentsReport.Side {
    var options = EventLogOptions(path: store.path)
    options.segmentBytes = store.segmentBytes
    let signal = DurableSignal(durable: 0, keepsFrames: false)
    let log = try EventLog.open(options, callbacks: signal.callbacks)
    var side = SegmentsReport.Side()
    let begun = StorePasses.seconds()
    while !isDone(side) {
      log.append(numbered: 64)
      log.endTurn()
      while log.isBehind { usleep(200) }
      if log.bufferedBytes > 1 << 20 { try signal.waitDurable(log.durableLSN.next) }
      side.records = Int(log.nextLSN.previous.rawValue)
      while exists(store, side.segments + 1) { side.segments += 1 }
    }
    try signal.waitDurable(log.nextLSN.previous)
    while log.segmentsToIndex > 0 { usleep(1000) }
    side.makeSeconds = StorePasses.seconds() - begun
    side.volume = log.writeVolume
    try log.close()
    return side
  }

  /// Whether the store has had so many segments.
  private func exists(_ store: Store, _ segment: Int) -> Bool {
    let number = String(segment, radix: 16)
    let name = String(repeating: "0", count: 16 - number.count) + number
    return access("\(store.path)/segments/\(name).log", F_OK) == 0
  }

  /// What stands in the page cache of the files, that is; names and inodes stay.
  private func evict(_ path: String) {
    sync()
    for name in (try? LinuxDisk().list(path)) ?? [] {
      let child = path + "/" + name
      var isFolder: Int32 = 0
      guard bare_allocated(child, &isFolder) >= 0 else { continue }
      if isFolder != 0 {
        evict(child)
      } else if let descriptor = try? LinuxDisk().open(child, .read) {
        LinuxDisk().dropCache(descriptor)
        try? LinuxDisk().close(descriptor)
      }
    }
  }

  private func start(_ store: Store) throws -> StartOutcome {
    let errors = folder + "/start.log"
    let child = try ChildProcess(
      ["/proc/self/exe", "store-start", store.path, "\(store.segmentBytes)", "\(reads)"],
      errorPath: errors)
    let words = child.readOutput()
    guard child.wait().isSuccess else {
      throw BenchFailure("a start failed: \(readText(errors) ?? "") \(words)")
    }
    return try StartOutcome(words: words)
  }
}
