/// What a log and its process hold at one moment.
struct EnduranceSample {
  /// From the start of the run.
  var seconds: Double
  /// Records that are durable, those for retention not counted.
  var records: Int
  /// Blocks of the folder, and of files that are removed and still open.
  var diskBytes: Int
  var residentBytes: Int
  var descriptors: Int
  /// Of the log's own indexes.
  var indexBytes: Int
  /// Records that are in the log.
  var keptRecords: Int
  /// Records that the outbox has not passed.
  var outboxRecords: Int
  /// How far what is durable is behind the pace.
  var lagSeconds: Double
}

/// Whether something stays as it is: of the last third of the samples the greatest and the median
/// are at most those of the first third and a tenth, and what one moment may differ from another.
struct Flatness {
  let name: String
  let unit: String
  let values: [Int]
  let allowance: Int

  static let factor = 1.1

  private var first: [Int] { Array(values.prefix(values.count / 3)) }
  private var last: [Int] { Array(values.suffix(values.count / 3)) }

  var isFlat: Bool {
    isWithin(greatest(last), of: greatest(first)) && isWithin(median(last), of: median(first))
  }

  private func isWithin(_ value: Int, of before: Int) -> Bool {
    value <= Int(Double(before) * Self.factor) + allowance
  }

  private func greatest(_ values: [Int]) -> Int { values.max() ?? 0 }

  private func median(_ values: [Int]) -> Int {
    values.isEmpty ? 0 : values.sorted()[values.count / 2]
  }

  var sentence: String {
    "\(name): median \(median(first)) and at most \(greatest(first)) \(unit) in the first third, "
      + "\(median(last)) and \(greatest(last)) in the last: \(isFlat ? "flat" : "NOT FLAT")"
  }
}
