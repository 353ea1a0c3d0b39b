internal import Glibc

/// Follows the CPU time of the service, to know when it last did something.
final class Activity {
  private let service: ServiceProcess
  private let clock = ContinuousClock()
  private let start: ContinuousClock.Instant
  private let cpuAtStart: Double
  private var lastActive: ContinuousClock.Instant
  private var cpuAtLastActive: Double

  /// Between two looks; the shard's timer alone, every 20 ms, takes less than the second number.
  private static let lookMicroseconds: UInt32 = 2_000
  private static let leastWorkSeconds = 30e-6
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
      if let reading = service.metrics.read(), isSatisfied(reading) { return reading }
      // What the answer cost, and its end, is not work.
      usleep(4_000)
      lastAsked = clock.now
      before = service.child.cpuSeconds()
    }
    throw BenchFailure("\(what): the service ended, or was not done in \(Self.limit)")
  }
}
