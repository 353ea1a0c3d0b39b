internal import AMQP
internal import Glibc

/// Events that no template covered, redriven all together once there is one.
struct RedriveRow: FairnessRow {
  let count: Int

  var name: String { "redriven" }
  var title: String { "\(count) redriven" }
  var limitSeconds: Double { 600 }

  private static let template = BenchTemplate(name: "late", text: "Hello {{ctx.name}}, at last.")

  func prepare(_ stage: FairnessStage) async throws {
    stage.setLimit(seconds: limitSeconds)
    try await stage.load.publish(count) { [stage] number in
      stage.message(BenchEvent(id: "late-\(number)", type: "late"), lane: stage.lane)
    }
    try await stage.wait(for: "\(count) events without a template") { $0.notCovered >= count }
    try Self.template.write(into: stage.templates)
    kill(stage.service.child.pid, SIGHUP)
    // One event after the other, until one is covered.
    for number in 0..<600 {
      let id = "trial-\(number)"
      _ = try await stage.load.client.publish([
        stage.message(BenchEvent(id: id, type: "late"), lane: stage.lane)
      ])
      try await Task.sleep(for: .milliseconds(100))
      if try await stage.counters().delivered > 0 { return }
    }
    throw BenchFailure("the new template was not taken up")
  }

  func disturb(_ stage: FairnessStage) async throws {
    let redrive = try ChildProcess(
      [
        try ServiceProcess.executable(), "events", "redrive", "--type", "late", "--status",
        "not-covered", "--rate", "10000",
      ],
      environment: stage.environment, errorPath: "\(stage.bench.workspace.path)/redrive.log")
    try await stage.wait(for: "\(count) deliveries") { $0.delivered >= count }
    redrive.stop(withinSeconds: 10)
  }
}
