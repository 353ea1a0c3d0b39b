internal import AMQP

/// A producer asks for receipts in a queue that is full and refuses them.
struct FullRepliesRow: FairnessRow {
  let count: Int

  private static let queue = "bench.replies"
  /// Slow enough that the lane has time for the calm producer, were it not for the receipts.
  private static let perSecond = 500

  var name: String { "full-replies" }
  var title: String { "\(count) receipts for a full queue" }
  var templates: [BenchTemplate] { [BenchTemplate(name: "asking", text: "Hello {{ctx.name}}.")] }
  var limitSeconds: Double { 60 + Double(count / Self.perSecond) }

  func prepare(_ stage: FairnessStage) async throws {
    try await stage.bench.client.perform([
      .declareQueue(
        name: Self.queue,
        arguments: [
          AMQP.Argument("x-max-length", .int32(1)),
          AMQP.Argument("x-overflow", .string("reject-publish")),
        ])
    ])
    let filling = ClientMessage(exchange: "", routingKey: Self.queue, body: [0])
    while try await stage.load.client.publish([filling]) == [.confirmed] {}
  }

  func disturb(_ stage: FairnessStage) async throws {
    try await stage.load.publish(count, rate: Self.perSecond) { [stage] number in
      var message = stage.message(
        BenchEvent(id: "asking-\(number)", type: "asking"), lane: "realtime")
      message.replyTo = Self.queue
      return message
    }
    try await stage.wait(for: "\(count) acknowledged events") { $0.settled >= count }
  }
}
