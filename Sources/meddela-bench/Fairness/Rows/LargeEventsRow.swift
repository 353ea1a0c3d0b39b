internal import AMQP

/// Batch events that are nearly as large as events may be.
struct LargeEventsRow: FairnessRow {
  let count: Int

  private static let bytes = 900 << 10

  var name: String { "large" }
  var title: String { "\(count) events of 900 KiB" }
  var templates: [BenchTemplate] { [BenchTemplate(name: "large", text: "Hello {{ctx.name}}.")] }

  func disturb(_ stage: FairnessStage) async throws {
    let filling = String(repeating: "lorem ipsum ", count: Self.bytes / 12)
    let context = #""name":"Elsa","filling":"\#(filling)""#
    for first in stride(from: 0, to: count, by: 4) {
      let messages = (first..<min(first + 4, count)).map { number in
        stage.message(
          BenchEvent(id: "large-\(number)", type: "large", context: context), lane: stage.lane)
      }
      _ = try await stage.load.client.publish(messages)
    }
    try await stage.wait(for: "\(count) deliveries") { $0.delivered >= count }
  }
}
