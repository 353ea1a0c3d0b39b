/// How long frames take from being written to being durable: what a slow disk looks like.
package struct SyncTimes: Sendable {
  /// The upper ends of the classes in `counts`, in seconds; behind them is one for longer ones.
  package static let classSeconds = [0.001, 0.01, 0.1, 1]

  /// Frames since the log was opened, by how long they took.
  package private(set) var counts = [Int](repeating: 0, count: classSeconds.count + 1)
  /// All of them together.
  package private(set) var seconds = 0.0
  /// How long the frame under way has waited; 0 when there is none.
  package private(set) var waitingSeconds = 0.0

  package init() {}

  mutating func add(_ time: Double) {
    counts[Self.classSeconds.firstIndex { time <= $0 } ?? Self.classSeconds.count] += 1
    seconds += time
  }

  /// With a frame under way that was begun so long ago.
  func waiting(_ time: Double) -> SyncTimes {
    var times = self
    times.waitingSeconds = time
    return times
  }
}
