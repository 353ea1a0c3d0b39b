/// One thing that other producers, clients or queues do, while a calm producer's real-time events
/// are measured beside it.
protocol FairnessRow: Sendable {
  /// As `--rows` chooses it.
  var name: String { get }
  /// For the report, with its numbers.
  var title: String { get }
  /// Of the service, beside those that every row has: environment names and values.
  var settings: [String: String] { get }
  /// Beside the calm producer's.
  var templates: [BenchTemplate] { get }
  /// How long the disturbance may take; what is not done by then is a finding of its own.
  var limitSeconds: Double { get }

  /// Before anything is measured; the service runs, and runs when this returns.
  func prepare(_ stage: FairnessStage) async throws
  /// The calm producer publishes from before this until after it.
  func disturb(_ stage: FairnessStage) async throws
}

extension FairnessRow {
  var settings: [String: String] { [:] }
  var templates: [BenchTemplate] { [] }
  var limitSeconds: Double { 300 }
  func prepare(_ stage: FairnessStage) async throws {}
}

/// The rows, in the order in which they are measured.
enum FairnessRows {
  /// - Parameter scale: of every count; 1 is what the goals are for.
  static func all(scale: Double) -> [any FairnessRow] {
    func scaled(_ count: Int) -> Int { max(1, Int(Double(count) * scale)) }
    return [
      DueRow(count: scaled(100_000)),
      StartRow(
        open: scaled(1_000_000), due: scaled(100_000), backlog: scaled(50_000)),
      BadElementsRow(notation: .lines, count: scaled(40_000)),
      BadElementsRow(notation: .xml, count: scaled(40_000)),
      BadElementsRow(notation: .array, count: scaled(40_000)),
      BadElementsRow(notation: .cloudEvents, count: scaled(40_000)),
      LargeEventsRow(count: scaled(400)),
      CostlyTemplateRow(count: scaled(3_000)),
      RedriveRow(count: scaled(100_000)),
      LogTimeoutRow(count: scaled(100_000)),
      CatalogRow(templates: scaled(500)),
      DuplicatesRow(count: scaled(200_000)),
      FullRepliesRow(count: scaled(3_000)),
    ]
  }

  /// Only measured when it is asked for: three brokers take their time and memory.
  static let frozen = "frozen-queue"
  static let idle = "idle"
}
