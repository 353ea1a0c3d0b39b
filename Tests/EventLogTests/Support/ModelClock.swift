import LogSequence
import Synchronization

@testable import EventLog

/// The clocks of a log, which the test moves.
final class ModelClock: Sendable {
  private let wallStorage = Atomic<Int64>(1_700_000_000_000_000_000)
  private let steadyStorage = Atomic<UInt64>(500_000_000_000)

  static let second: Int64 = 1_000_000_000
  static let hour = 3600 * second
  static let day = 24 * hour

  var wall: Int64 { wallStorage.load(ordering: .relaxed) }
  var steady: UInt64 { steadyStorage.load(ordering: .relaxed) }
  var reading: StoreTime.Reading { StoreTime.Reading(wall: wall, steady: steady) }

  /// Time passes.
  func pass(_ nanoseconds: Int64) {
    set(nanoseconds)
    steadyStorage.add(UInt64(nanoseconds), ordering: .relaxed)
  }

  func advance(seconds: Int64) { pass(seconds * Self.second) }

  /// Somebody sets the wall clock, forward or back.
  func set(_ nanoseconds: Int64) { wallStorage.add(nanoseconds, ordering: .relaxed) }

  /// The machine starts again, after so long: its steady clock begins anew.
  func restart(after nanoseconds: Int64) {
    set(nanoseconds)
    steadyStorage.store(UInt64.random(in: 1_000_000_000..<9_000_000_000), ordering: .relaxed)
  }
}

extension EventLogOptions {
  mutating func use(_ clock: ModelClock) {
    wallClock = { clock.wall }
    steadyClock = { clock.steady }
  }

  /// Both clocks run so many times as fast as they do.
  mutating func hurry(_ times: UInt64) {
    let steady = steadyNanoseconds()
    let wall = wallNanoseconds()
    steadyClock = { (steadyNanoseconds() - steady) * times }
    wallClock = { wall + Int64((steadyNanoseconds() - steady) * times) }
  }
}

extension EventLog {
  /// Whether the store's time is known of every record that is durable.
  var isDated: Bool { (keeper.clock?.datedLSN ?? 0) >= nextLSN.previous }
}
