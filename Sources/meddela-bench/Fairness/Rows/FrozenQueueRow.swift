internal import AMQP

/// The node that leads the sms queue stands still for half a minute, while real-time events for sms
/// go on; the calm producer's are emails of the same lane.
struct FrozenQueueRow: FairnessRow {
  let count: Int
  let cluster: PrivateCluster

  private static let frozenSeconds = 30.0

  var name: String { FairnessRows.frozen }
  var title: String { "the sms queue's leader frozen, \(count) sms" }
  var templates: [BenchTemplate] {
    [BenchTemplate(name: "texted", channel: "sms", text: "Hello {{ctx.name}}.")]
  }
  var limitSeconds: Double { 180 }

  func prepare(_ stage: FairnessStage) async throws {
    stage.setLimit(seconds: 60)
    try await publish(10, "before", nil, stage)
    try await stage.wait(for: "the first sms") { $0.delivered >= 10 }
  }

  func disturb(_ stage: FairnessStage) async throws {
    try cluster.pause(2)
    let thaw = ContinuousClock.now + .seconds(Self.frozenSeconds)
    do {
      try await publish(count, "frozen", max(1, count / Int(Self.frozenSeconds)), stage)
      try await ContinuousClock().sleep(until: thaw)
    } catch {
      try cluster.resume(2)
      throw error
    }
    try cluster.resume(2)
    try await stage.wait(for: "\(count) sms") { $0.delivered >= 10 + count }
  }

  private func publish(
    _ count: Int, _ name: String, _ rate: Int?, _ stage: FairnessStage
  ) async throws {
    try await stage.load.publish(count, rate: rate) { [stage] number in
      stage.message(
        BenchEvent(id: "\(name)-\(number)", type: "texted", channel: "sms"), lane: "realtime")
    }
  }
}
