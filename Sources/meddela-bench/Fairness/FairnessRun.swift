internal import AMQP
internal import Glibc

/// Measures rows, each with a service and a store of its own on the same broker.
struct FairnessRun {
  let bench: Bench
  /// Events a second of the calm producer.
  let rate: Int
  /// Of what disturbs.
  var lane = "batch"

  /// The calm producer alone.
  func idle(
    seconds: Double, name: String = FairnessRows.idle
  ) async throws -> FairnessResult {
    try await measure(IdleRow(name: name, seconds: seconds))
  }

  /// - Throws: only when nothing could be measured; a disturbance that does not end is part of
  ///   the result.
  func measure(_ row: any FairnessRow) async throws -> FairnessResult {
    writeError("\(row.name): \(row.title)\n")
    try await bench.purgeService()
    try await CalmProbe.declare(bench)
    let stage = try await FairnessStage(bench, row, lane: lane)
    do {
      let result = try await measure(row, stage)
      await stage.load.client.close()
      return result
    } catch {
      stage.service.child.stop(withinSeconds: 5)
      await stage.load.client.close()
      throw error
    }
  }

  private func measure(
    _ row: any FairnessRow, _ stage: FairnessStage
  ) async throws -> FairnessResult {
    try await row.prepare(stage)
    let probe = try await CalmProbe(bench, .service, label: row.name, rate: rate)
    let bareProbe = try await CalmProbe(bench, .brokerOnly, label: row.name, rate: rate)
    stage.probe = probe
    stage.setLimit(seconds: row.limitSeconds)
    let cpu = stage.service.child.cpuSeconds()
    let began = ContinuousClock.now
    var unfinished: String?
    do {
      try await row.disturb(stage)
    } catch let limit as FairnessLimit {
      unfinished = limit.description
    }
    let seconds = (ContinuousClock.now - began).inSeconds
    // What comes right behind counts, too.
    try await Task.sleep(for: .seconds(1))
    let calm = try await probe.finish(limitSeconds: 30)
    let bare = try await bareProbe.finish(limitSeconds: 30)
    let service = stage.service.child
    let result = FairnessResult(
      name: row.name, title: row.title, calm: calm, bare: bare, seconds: seconds,
      cpuSeconds: service.cpuSeconds() - cpu, peakBytes: service.peakBytes(),
      unfinished: unfinished, notes: stage.notes)
    writeError("\(FairnessReport.line(result, idle: nil))\n")
    let exit = service.stop(withinSeconds: 40)
    guard exit.isSuccess || unfinished != nil else {
      throw BenchFailure("\(row.name): the service ended with wait status \(exit.status)")
    }
    return result
  }

}

/// Nothing happens.
struct IdleRow: FairnessRow {
  let name: String
  let seconds: Double

  var title: String { "nothing beside it" }

  func disturb(_ stage: FairnessStage) async throws {
    try await Task.sleep(for: .seconds(seconds))
  }
}
