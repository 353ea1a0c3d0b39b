/// Batch events whose rendering takes nearly as many steps as one may.
struct CostlyTemplateRow: FairnessRow {
  let count: Int

  var name: String { "costly" }
  var title: String { "\(count) renderings near the step limit" }
  var templates: [BenchTemplate] {
    [
      BenchTemplate(
        name: "costly", text: "{{#ctx.list}}{{#ctx.list}}x{{/ctx.list}}{{/ctx.list}}")
    ]
  }

  /// 570 by 570.
  private static let context =
    #""name":"Elsa","list":[\#((0..<570).map { "\($0)" }.joined(separator: ","))]"#

  func disturb(_ stage: FairnessStage) async throws {
    try await stage.load.publish(count) { [stage] number in
      stage.message(
        BenchEvent(id: "costly-\(number)", type: "costly", context: Self.context), lane: stage.lane)
    }
    try await stage.wait(for: "\(count) deliveries") { $0.delivered >= count }
  }
}
