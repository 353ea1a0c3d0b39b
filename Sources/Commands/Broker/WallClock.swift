internal import Execution
internal import Messages
internal import Node

/// The time of day.
enum WallClock {
  static func now() -> Timestamp { NodeClock.now().wall }
}
