internal import EventLog

/// What `meddela-bench store-endure` saw, and whether it is as it should be.
struct EnduranceReport {
  private(set) var options = EnduranceRun.Options()
  private(set) var samples: [EnduranceSample] = []
  private(set) var volume = WriteVolume()
  private(set) var removedRecords: UInt64 = 0
  private(set) var writtenRecords: UInt64 = 0
  private(set) var carried = 0
  private(set) var answers = 0

  /// Of the pace.
  static let leastRate = 0.99

  mutating func begin(_ options: EnduranceRun.Options) {
    self.options = options
    // Room for all of them now: memory that grows by what is looked at would be seen.
    samples.reserveCapacity(Int(options.seconds) + 16)
  }

  mutating func add(_ sample: EnduranceSample) { samples.append(sample) }

  mutating func end(
    volume: WriteVolume, removed: UInt64, written: UInt64, carried: Int, answers: Int
  ) {
    self.volume = volume
    removedRecords = removed
    writtenRecords = written
    self.carried = carried
    self.answers = answers
  }

  private var steady: [EnduranceSample] {
    samples.filter { $0.seconds >= options.warmUpSeconds }
  }

  var flatness: [Flatness] {
    let steady = steady
    return [
      // A segment more may be sealed, prepared or not removed yet; a merge writes its table anew.
      Flatness(
        name: "disk", unit: "MiB", values: steady.map { $0.diskBytes >> 20 },
        allowance: 2 * options.segmentBytes >> 20),
      Flatness(
        name: "resident memory", unit: "MiB", values: steady.map { $0.residentBytes >> 20 },
        allowance: 8),
      Flatness(
        name: "file descriptors", unit: "open", values: steady.map(\.descriptors), allowance: 4),
    ]
  }

  /// Records a second that became durable, in each third of the time after the warm-up.
  var rates: [Double] {
    let steady = steady
    let third = steady.count / 3
    guard third > 1 else { return [] }
    return (0..<3).map { part in
      let (first, last) = (steady[part * third], steady[(part + 1) * third - 1])
      return Double(last.records - first.records) / (last.seconds - first.seconds)
    }
  }

  private var holdsRate: Bool {
    rates.count == 3 && rates.allSatisfy { $0 >= Self.leastRate * Double(options.rate) }
  }

  /// What is not as it should be, in sentences.
  var faults: [String] {
    var faults = flatness.filter { !$0.isFlat }.map(\.sentence)
    if !holdsRate {
      let rates = rates.map { "\(Int($0))" }.joined(separator: ", ")
      faults.append(
        "the rate was not held: \(rates) records a second in the thirds, wanted \(options.rate)")
    }
    if removedRecords == 0 { faults.append("retention removed nothing") }
    return faults
  }

  /// The present state in a line.
  var lastMinute: String? {
    guard let sample = samples.last else { return nil }
    let worst = samples.suffix(60).map(\.lagSeconds).max() ?? 0
    let parts: [String] = [
      "\(Int(sample.seconds)) s: \(sample.records) records, the last \(age(sample)) s kept",
      "disk \(sample.diskBytes >> 20) MiB",
      "resident \(sample.residentBytes >> 20) MiB (indexes \(sample.indexBytes >> 10) KiB)",
      "\(sample.descriptors) descriptors", "outbox \(sample.outboxRecords) records behind",
      "the pace \(StoreReport.short(worst)) s at most",
    ]
    return parts.joined(separator: ", ")
  }

  /// How old the oldest record is, by the pace (s).
  private func age(_ sample: EnduranceSample) -> Int { sample.keptRecords / options.rate }

  var text: String {
    let left = writtenRecords - removedRecords
    let wraps = Double(writtenRecords) / Double(max(1, left))
    let worst = steady.map(\.lagSeconds).max() ?? 0
    let ages = steady.map { age($0) }.sorted()
    let median = ages.isEmpty ? 0 : ages[ages.count / 2]
    let rates = rates.map { "\(Int($0))" }.joined(separator: ", ")
    var lines: [String] = []
    lines.append(
      "\(Int(options.seconds)) s at \(options.rate) records/s of \(NumberedRecord.bytes) bytes, "
        + "kept for \(options.retentionSeconds) s, in segments of \(options.segmentBytes >> 20) MiB"
    )
    lines.append(
      "  \(writtenRecords) records written, \(removedRecords) removed: \(StoreReport.short(wraps)) "
        + "times what is left; \(carried) written again for retention, \(answers) reads")
    lines.append(
      "  records/s in the thirds behind the first \(Int(options.warmUpSeconds)) s: \(rates); "
        + "behind the pace \(StoreReport.short(worst)) s at most")
    lines.append(
      "  the oldest record was \(median) s old in the median, \(ages.last ?? 0) at most")
    lines += flatness.map { "  " + $0.sentence }
    lines.append("  " + volume.sentence)
    return lines.joined(separator: "\n")
  }
}

extension WriteVolume {
  /// For a person.
  var sentence: String {
    "written for a byte of records: \(StoreReport.short(recordAmplification)) in segments, "
      + "zeros ahead included, \(StoreReport.short(indexAmplification)) in the index, each "
      + "entry \(StoreReport.short(entryAmplification)) times"
  }
}
