internal import EventLog
internal import LogSequence

/// What `meddela-bench store` measured; rates in records, or reads, a second.
struct StoreReport {
  var records = 0
  var window = 0
  /// Frames of each round.
  var frames: [Int] = []
  var log: [Double] = []
  var bare: [StorePasses.Bare: [Double]] = [:]
  var rivals: [RivalStore.Kind: [Double]] = [:]
  var rivalReads: [RivalStore.Kind: Double] = [:]
  /// Why a rival was not measured.
  var absent: [RivalStore.Kind: String] = [:]
  var readsPerSecond = 0.0
  var startSeconds = 0.0
  var replaySeconds = 0.0
  var replayedRecords = 0
  var bytesPerEvent = 0.0
  /// What goes on in the background.
  enum Upkeep: CaseIterable {
    case none
    /// Sealed segments are indexed, tables merged.
    case indexing
    /// Besides, old segments are removed, checkpoints written, segments scrubbed.
    case all
  }
  var upkeep: [Upkeep: [Double]] = [:]
  /// What upkeep had done by the end of the last round: records removed, events in tables.
  var busyFirstLSN: LSN = 1
  var busyTables = 0
  /// What that round wrote, and why.
  var busyWrites = WriteVolume()
  var loaded: [Double] = []
  var unloaded: [Double] = []
  var loadedEvents = 0
  var loadedRecords = 0
  var loadedReplayed = 0
  var loadedBytesPerEvent = 0.0
  var loadedResidentBytes = 0
  var loadedStartSeconds = 0.0
  var loadedOpen = 0
  /// Start without derived files.
  var fullReplaySeconds = 0.0

  static func median(_ values: [Double]) -> Double {
    guard !values.isEmpty else { return 0 }
    let sorted = values.sorted()
    let middle = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
  }

  /// The median of the rounds' own ratios: both sides of one met the same disk.
  static func ratio(_ some: [Double], to others: [Double]) -> Double {
    median(zip(some, others).map { $0 / $1 })
  }

  private func bareRatio(_ way: StorePasses.Bare) -> Double {
    Self.ratio(log, to: bare[way] ?? [])
  }

  var bestRival: RivalStore.Kind? {
    RivalStore.Kind.allCases.filter { rivals[$0] != nil }
      .max { Self.median(rivals[$0] ?? []) < Self.median(rivals[$1] ?? []) }
  }

  var table: String {
    let frame = records * frames.count / max(1, frames.reduce(0, +))
    var lines = [
      "\(log.count) rounds of \(records) transitions of \(NumberedRecord.bytes) bytes, at most "
        + "\(window) not yet durable",
      "(\(frame) a frame on average); medians; every frame or transaction synced", "",
      Self.row("", "durable/s", "ours to it", "goal", "point reads/s"),
      Self.row("event log", Self.whole(Self.median(log)), "1", "", Self.whole(readsPerSecond)),
    ]
    for way in StorePasses.Bare.allCases {
      lines.append(
        Self.row(
          way.name, Self.whole(Self.median(bare[way] ?? [])), Self.short(bareRatio(way)),
          way == .uncached ? "0.80" : "", ""))
    }
    for kind in RivalStore.Kind.allCases {
      guard let rates = rivals[kind] else {
        if let reason = absent[kind] { lines.append("\(kind.name): \(reason)") }
        continue
      }
      lines.append(
        Self.row(
          kind.name, Self.whole(Self.median(rates)), Self.short(Self.ratio(log, to: rates)),
          kind == bestRival ? "5.00" : "", Self.whole(rivalReads[kind] ?? 0)))
    }
    lines += ["", startLine]
    if !upkeep.isEmpty { lines += upkeepLines }
    if !loaded.isEmpty { lines += loadedLines }
    return lines.joined(separator: "\n")
  }

  private var startLine: String {
    let rate = replaySeconds > 0 ? Double(replayedRecords) / replaySeconds : 0
    return "start after a clean close: \(Self.short(startSeconds)) s, \(replayedRecords) records "
      + "replayed (\(Self.whole(rate))/s); index \(Self.short(bytesPerEvent)) bytes an event"
  }

  private func upkeepRatio(to other: Upkeep) -> Double {
    Self.ratio(upkeep[.all] ?? [], to: upkeep[other] ?? [])
  }

  private var upkeepLines: [String] {
    [
      "with retention, checkpoints and scrub: \(Self.whole(Self.median(upkeep[.all] ?? [])))/s, "
        + "\(Self.short(upkeepRatio(to: .indexing))) of without (goal 0.90), "
        + "\(Self.short(upkeepRatio(to: .none))) of without indexing and merges either",
      "  \(busyFirstLSN.previous) records removed and \(busyTables) events in tables meanwhile",
      "  " + busyWrites.sentence,
    ]
  }

  private var loadedLines: [String] {
    [
      "with \(loadedRecords) records stored: \(Self.whole(Self.median(loaded)))/s, "
        + "\(Self.short(Self.ratio(loaded, to: unloaded))) of an empty store in the same rounds "
        + "(goal 0.95)",
      "  index \(Self.short(loadedBytesPerEvent)) bytes of memory for each of \(loadedEvents) "
        + "events, \(loadedResidentBytes >> 20) MiB resident",
      "  start \(Self.short(loadedStartSeconds)) s with \(loadedOpen) events in memory, "
        + "\(loadedReplayed) records replayed (goal 1.00 s)",
      "  start without the derived files \(Self.short(fullReplaySeconds)) s: "
        + "\(Self.whole(fullReplayRate)) records/s (goal 3000000)",
    ]
  }

  private var fullReplayRate: Double {
    fullReplaySeconds > 0 ? Double(loadedRecords) / fullReplaySeconds : 0
  }

  private static func row(_ cells: String...) -> String {
    zip(cells, [20, 12, 12, 8, 16]).enumerated().map { index, cell in
      let padding = String(repeating: " ", count: max(0, cell.1 - cell.0.count))
      return index == 0 ? cell.0 + padding : padding + cell.0
    }.joined()
  }

  private static func whole(_ value: Double) -> String { "\(Int(value.rounded()))" }

  static func short(_ value: Double) -> String {
    let hundredths = Int((value * 100).rounded())
    let rest = hundredths % 100
    return "\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest)"
  }
}

extension StoreReport {
  /// For programs: one object.
  var json: String {
    func list(_ values: [Double]) -> String {
      "[" + values.map { "\($0)" }.joined(separator: ",") + "]"
    }
    var members = [
      ("records", "\(records)"), ("window", "\(window)"), ("frames", "\(frames)"),
      ("logPerSecond", list(log)),
      ("readsPerSecond", "\(readsPerSecond)"), ("startSeconds", "\(startSeconds)"),
      ("replaySeconds", "\(replaySeconds)"), ("replayedRecords", "\(replayedRecords)"),
      ("indexBytesPerEvent", "\(bytesPerEvent)"),
    ]
    for way in StorePasses.Bare.allCases {
      members.append(("\(way)BarePerSecond", list(bare[way] ?? [])))
      members.append(("ratioTo\(way)Bare", "\(bareRatio(way))"))
    }
    for kind in RivalStore.Kind.allCases {
      guard let rates = rivals[kind] else { continue }
      members.append(("\(kind)PerSecond", list(rates)))
      members.append(("ratioTo\(kind.name)", "\(Self.ratio(log, to: rates))"))
      members.append(("\(kind)ReadsPerSecond", "\(rivalReads[kind] ?? 0)"))
    }
    for kind in Upkeep.allCases where !upkeep.isEmpty {
      members.append(("\(kind)UpkeepPerSecond", list(upkeep[kind] ?? [])))
    }
    if !upkeep.isEmpty {
      members += [
        ("recordAmplification", "\(busyWrites.recordAmplification)"),
        ("indexAmplification", "\(busyWrites.indexAmplification)"),
        ("entryAmplification", "\(busyWrites.entryAmplification)"),
      ]
    }
    if !loaded.isEmpty {
      members += [
        ("loadedRecords", "\(loadedRecords)"), ("loadedPerSecond", list(loaded)),
        ("emptyPerSecond", list(unloaded)),
        ("ratioLoadedToEmpty", "\(Self.ratio(loaded, to: unloaded))"),
        ("loadedIndexBytesPerEvent", "\(loadedBytesPerEvent)"),
        ("loadedResidentBytes", "\(loadedResidentBytes)"),
        ("loadedStartSeconds", "\(loadedStartSeconds)"), ("loadedInMemory", "\(loadedOpen)"),
        ("fullReplayPerSecond", "\(fullReplayRate)"),
      ]
    }
    return "{" + members.map { "\"\($0.0)\":\($0.1)" }.joined(separator: ",") + "}"
  }
}

extension StorePasses.Bare {
  fileprivate var name: String {
    switch self {
    case .uncached: "pwrite + fdatasync"
    case .cached: "  into cached pages"
    case .direct: "  with O_DIRECT"
    }
  }
}
