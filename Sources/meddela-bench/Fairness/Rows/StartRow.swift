internal import AMQP

/// The service starts with many open events: some wait for a far day, some became due while it was
/// down, and the batch queue has filled meanwhile. The calm producer begins half a second after the
/// store is open.
struct StartRow: FairnessRow {
  let open: Int
  let due: Int
  let backlog: Int

  var name: String { "start" }
  var title: String { "start with \(open) open, \(due) due, \(backlog) in the queue" }
  var templates: [BenchTemplate] {
    [DueRow.template, BenchTemplate(name: "backlog", text: "Hello {{ctx.name}}.")]
  }
  var limitSeconds: Double { 900 }

  func prepare(_ stage: FairnessStage) async throws {
    stage.setLimit(seconds: limitSeconds)
    let far = "2199-01-01T00:00:00Z"
    try await stage.load.publish(open) { [stage] number in
      stage.message(DueRow.event("open-\(number)", far), lane: stage.lane)
    }
    let seconds = 10 + Int64(due / 2_500)
    let soon = DueRow.time(inSeconds: seconds)
    let dueAt = ContinuousClock.now + .seconds(seconds + 1)
    try await stage.load.publish(due) { [stage] number in
      stage.message(DueRow.event("due-\(number)", soon), lane: stage.lane)
    }
    try await stage.wait(for: "the open events") { $0.settled >= open + due }
    let before = try await stage.counters()
    guard before.delivered == 0 else {
      throw BenchFailure("the events were due before the stop: \(before.summary)")
    }
    try stage.stopService()
    try await ContinuousClock().sleep(until: dueAt)
    try await stage.load.publish(backlog) { [stage] number in
      stage.message(BenchEvent(id: "backlog-\(number)", type: "backlog"), lane: stage.lane)
    }
    try await stage.startService()
  }

  func disturb(_ stage: FairnessStage) async throws {
    try await stage.wait(for: "what was due and what was in the queue") {
      $0.delivered >= due + backlog
    }
  }
}
