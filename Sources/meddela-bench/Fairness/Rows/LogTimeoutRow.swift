/// Deliveries that no engine answers: their timeouts come as close together as they were taken.
struct LogTimeoutRow: FairnessRow {
  let count: Int

  var name: String { "log-timeouts" }
  var title: String { "\(count) log timeouts" }
  var templates: [BenchTemplate] { [BenchTemplate(name: "mute", text: "Hello {{ctx.name}}.")] }
  var settings: [String: String] {
    [
      "MEDDELA_DELIVERY_LOG_TIMEOUT_SECONDS": "\(timeoutSeconds)",
      "MEDDELA_DELIVERY_LOG_TIMEOUT_RETRIES": "1",
    ]
  }

  /// Longer than taking all of them takes.
  private var timeoutSeconds: Int { 10 + count / 2_500 }

  func prepare(_ stage: FairnessStage) async throws {
    stage.setLimit(seconds: limitSeconds)
    let begin = ContinuousClock.now + .seconds(timeoutSeconds - 1)
    try await stage.load.publish(count) { [stage] number in
      stage.message(BenchEvent(id: "mute-\(number)", type: "mute"), lane: stage.lane)
    }
    try await stage.wait(for: "\(count) deliveries") { $0.delivered >= count }
    try await ContinuousClock().sleep(until: begin)
  }

  func disturb(_ stage: FairnessStage) async throws {
    try await stage.wait(for: "\(count) timeouts") {
      $0.logTimeouts >= count && $0.active < 100
    }
  }
}
