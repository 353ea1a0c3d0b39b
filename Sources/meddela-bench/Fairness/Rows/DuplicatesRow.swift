/// A producer that publishes the same events over and over.
struct DuplicatesRow: FairnessRow {
  let count: Int

  private static let distinct = 1_000

  var name: String { "duplicates" }
  var title: String { "\(count) duplicates" }
  var templates: [BenchTemplate] { [BenchTemplate(name: "again", text: "Hello {{ctx.name}}.")] }

  func prepare(_ stage: FairnessStage) async throws {
    stage.setLimit(seconds: limitSeconds)
    try await publish(Self.distinct, stage)
    try await stage.wait(for: "the first of each") { $0.delivered >= Self.distinct }
  }

  func disturb(_ stage: FairnessStage) async throws {
    try await publish(count, stage)
    try await stage.wait(for: "\(count) duplicates") { $0.settled >= Self.distinct + count }
  }

  private func publish(_ count: Int, _ stage: FairnessStage) async throws {
    try await stage.load.publish(count) { [stage] number in
      stage.message(
        BenchEvent(id: "again-\(number % Self.distinct)", type: "again"), lane: stage.lane)
    }
  }
}
