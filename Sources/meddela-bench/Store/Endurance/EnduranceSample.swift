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
  /// How far what is durable is behind the pace.
  var lagSeconds: Double
}

/// Whether something stays as it is: the greatest of the last third of the samples is at most that
/// of the first third and a tenth, and what one moment may differ from another.
struct Flatness {
  let name: String
  let unit: String
  let values: [Int]
  let allowance: Int

  static let factor = 1.1

  var first: Int { values.prefix(values.count / 3).max() ?? 0 }
  var last: Int { values.suffix(values.count / 3).max() ?? 0 }
  var bound: Int { Int(Double(first) * Self.factor) + allowance }
  var isFlat: Bool { last <= bound }

  var sentence: String {
    "\(name): \(first) \(unit) at most in the first third, \(last) in the last "
      + "(bound \(bound)): \(isFlat ? "flat" : "NOT FLAT")"
  }
}
