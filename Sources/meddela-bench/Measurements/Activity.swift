internal import Glibc

/// Follows the CPU time of the service, to know when it last did something.
final class Activity {
  private struct Look {
    var time: ContinuousClock.Instant
    /// Without what answering us has cost.
    var cpuSeconds: Double
  }

  private let service: ServiceProcess
  private let clock = ContinuousClock()
  private var looks: [Look]
  private var last = 0
  private var askingSeconds = 0.0

  private static let lookMicroseconds: UInt32 = 2_000
  /// The work is over when all that is used after it is no more than the shard's timer needs (some
  /// 0.7 % of a core) and a little: twice as much is allowed for.
  private static let idleShare = 0.015
  private static let idleSeconds = 0.3e-3
  /// Longer than the service takes to renew its numbers.
  private static let quiet = Duration.milliseconds(80)
  private static let limit = Duration.seconds(300)

  /// Starts the clock.
  init(_ service: ServiceProcess) {
    self.service = service
    looks = [Look(time: clock.now, cpuSeconds: service.child.cpuSeconds())]
  }

  /// From the start to the last work.
  var pass: Pass {
    let (first, end) = (looks[0], looks[last])
    return Pass(
      seconds: (end.time - first.time).inSeconds, cpuSeconds: end.cpuSeconds - first.cpuSeconds)
  }

  /// Waits until the service is quiet and its metrics satisfy.
  func followUntilQuiet(_ what: String, until isSatisfied: (Metrics) -> Bool) throws -> Metrics {
    let start = looks[0].time
    var asked = start
    var reading: Metrics?
    while clock.now - start < Self.limit {
      usleep(Self.lookMicroseconds)
      let cpu = service.child.cpuSeconds()
      guard cpu >= 0, service.child.isRunning else { break }
      let now = clock.now
      looks.append(Look(time: now, cpuSeconds: cpu - askingSeconds))
      findLastWork()
      guard now - looks[last].time > Self.quiet, now - asked > Self.quiet else { continue }
      reading = service.metrics.read()
      if let reading, isSatisfied(reading) { return reading }
      usleep(4_000)
      asked = clock.now
      askingSeconds += service.child.cpuSeconds() - cpu
    }
    let seen = reading?.summary ?? "no metrics were read"
    throw BenchFailure("\(what): the service ended, or was not done in \(Self.limit): \(seen)")
  }

  /// The first look after which nothing but idling was seen.
  private func findLastWork() {
    let newest = looks[looks.count - 1]
    var index = looks.count - 1
    while index > 0 {
      let look = looks[index - 1]
      let used = newest.cpuSeconds - look.cpuSeconds
      let elapsed = (newest.time - look.time).inSeconds
      guard used <= Self.idleSeconds + Self.idleShare * elapsed else { break }
      index -= 1
    }
    last = index
  }
}
