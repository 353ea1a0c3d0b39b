internal import Glibc

/// Follows the CPU time of the service, to know when it last did something.
final class Activity {
  private let service: ServiceProcess
  private let clock = ContinuousClock()
  private let start: ContinuousClock.Instant
  private let cpuAtStart: Double
  private var lastActive: ContinuousClock.Instant
  private var cpuAtLastActive: Double

  private static let lookMicroseconds: UInt32 = 2_000
  /// Of one look. The shard's timer alone takes some 0.15 ms every 20 ms. What is below is missed
  /// at the end: the last turn of a few messages, at most a few milliseconds before.
  private static let leastWorkSeconds = 0.4e-3
  /// Longer than the service takes to renew its numbers.
  private static let quiet = Duration.milliseconds(80)
  private static let limit = Duration.seconds(300)

  /// Starts the clock.
  init(_ service: ServiceProcess) {
    self.service = service
    start = clock.now
    cpuAtStart = service.child.cpuSeconds()
    lastActive = start
    cpuAtLastActive = cpuAtStart
  }

  /// From the start to the last work.
  var pass: Pass {
    Pass(seconds: (lastActive - start).inSeconds, cpuSeconds: cpuAtLastActive - cpuAtStart)
  }

  /// Waits until the service is quiet and its metrics satisfy.
  func followUntilQuiet(_ what: String, until isSatisfied: (Metrics) -> Bool) throws -> Metrics {
    var before = cpuAtStart
    var lastAsked = start
    var last: Metrics?
    while clock.now - start < Self.limit {
      usleep(Self.lookMicroseconds)
      let (now, cpu) = (clock.now, service.child.cpuSeconds())
      guard cpu >= 0, service.child.isRunning else { break }
      if cpu - before > Self.leastWorkSeconds {
        lastActive = now
        cpuAtLastActive = cpu
      }
      before = cpu
      guard now - lastActive > Self.quiet, now - lastAsked > Self.quiet else { continue }
      last = service.metrics.read()
      if let last, isSatisfied(last) { return last }
      // What the answer cost, and its end, is not work.
      usleep(4_000)
      lastAsked = clock.now
      before = service.child.cpuSeconds()
    }
    let seen = last?.summary ?? "no metrics were read"
    throw BenchFailure("\(what): the service ended, or was not done in \(Self.limit): \(seen)")
  }
}
