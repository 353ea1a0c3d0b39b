import Synchronization
import Testing

@testable import EventLog

@Suite struct ScrubberTests {
  // Sendable because the variables are only touched with the monitor's lock held.
  private final class Heard: @unchecked Sendable {
    private let monitor = Monitor()
    private var damage: [StoreFinding] = []
    private var passes = 0

    var callbacks: Scrubber.Callbacks {
      Scrubber.Callbacks(
        onDamage: { [self] finding in change { damage.append(finding) } },
        onPass: { [self] _ in change { passes += 1 } })
    }

    private func change(_ body: () -> Void) {
      monitor.withLock {
        body()
        monitor.signal()
      }
    }

    /// After a pass: what was found until then.
    func waitPass() -> [StoreFinding] {
      monitor.withLock {
        let deadline = monotonicNanoseconds() + 60_000_000_000
        while passes == 0, monotonicNanoseconds() < deadline { monitor.wait(until: deadline) }
        return damage
      }
    }
  }

  @Test func `It says the first damage, and nothing of a sound store`() throws {
    let store = try ToolStore(seed: 31)
    let sound = Heard()
    let first = Scrubber(path: store.path, callbacks: sound.callbacks)
    try first.start()
    #expect(sound.waitPass().isEmpty)
    first.stop()

    let segments = try store.segments
    try Bytes.flip(segments[1], 5000)
    try Bytes.flip(segments[2], 5000)
    let heard = Heard()
    let second = Scrubber(path: store.path, callbacks: heard.callbacks)
    try second.start()
    #expect(heard.waitPass().map(\.file) == [segments[1]])
    second.stop()
  }

  @Test func `It keeps to its rate, and stops in the middle of a pass`() throws {
    let store = try ToolStore(seed: 32)
    let bytes = try StoreVerifier(path: store.path).run().bytes
    var options = Scrubber.Options()
    options.bytesPerSecond = Int(bytes) * 2
    let heard = Heard()
    let scrubber = Scrubber(path: store.path, options: options, callbacks: heard.callbacks)
    let start = monotonicNanoseconds()
    try scrubber.start()
    _ = heard.waitPass()
    #expect(monotonicNanoseconds() - start >= 450_000_000)
    scrubber.stop()

    // At this rate a pass would take hours.
    options.bytesPerSecond = 10
    let slow = Scrubber(path: store.path, options: options, callbacks: Heard().callbacks)
    try slow.start()
    slow.stop()
  }
}
