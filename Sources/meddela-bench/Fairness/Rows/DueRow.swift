internal import AMQP
internal import Glibc
internal import Messages

/// Batch events that are all scheduled for one second.
struct DueRow: FairnessRow {
  let count: Int

  var name: String { "due" }
  var title: String { "\(count) due at once" }
  var templates: [BenchTemplate] { [Self.template] }

  static let template = BenchTemplate(name: "due", text: "Hello {{ctx.name}}, it is time.")

  func prepare(_ stage: FairnessStage) async throws {
    let due = Self.time(inSeconds: secondsToPublish)
    let begin = ContinuousClock.now + .seconds(secondsToPublish - 1)
    stage.setLimit(seconds: limitSeconds)
    try await stage.load.publish(count) { [stage] number in
      stage.message(Self.event("due-\(number)", due), lane: stage.lane)
    }
    try await stage.wait(for: "\(count) scheduled events") { $0.settled >= count }
    let counted = try await stage.counters()
    guard counted.delivered < count / 10 else {
      throw BenchFailure("the events were due before all were there: \(counted.summary)")
    }
    try await ContinuousClock().sleep(until: begin)
  }

  /// From the first publish until they are due: a slow machine takes 2,500 a second.
  private var secondsToPublish: Int64 { 10 + Int64(count / 2_500) }

  func disturb(_ stage: FairnessStage) async throws {
    try await stage.wait(for: "\(count) deliveries") { $0.delivered >= count }
  }

  static func event(_ id: String, _ due: String) -> BenchEvent {
    BenchEvent(id: id, type: "due", more: #","scheduled":"\#(due)""#)
  }

  /// RFC 3339, so many seconds from now.
  static func time(inSeconds seconds: Int64) -> String {
    Timestamp(nanoseconds: (Int64(Glibc.time(nil)) + seconds) * 1_000_000_000).text
  }
}
