internal import AMQP
internal import Synchronization

/// Says on standard error what a consumer meets: once that it is interrupted, and once that it
/// goes on.
final class ConsumerNotices: Sendable {
  private let queue: String
  private let lastTrouble = Mutex<String?>(nil)

  init(_ queue: String) {
    self.queue = queue
  }

  func take(_ notice: ConsumerNotice) {
    switch notice {
    case .interrupted(let error):
      let isNew = lastTrouble.withLock { last in
        defer { last = error.code.rawValue }
        return last != error.code.rawValue
      }
      if isNew { warn("nothing comes from the queue \(queue), trying again: \(error)") }
    case .consuming:
      let wasInterrupted = lastTrouble.withLock { last in
        defer { last = nil }
        return last != nil
      }
      if wasInterrupted { warn("consuming from the queue \(queue) again") }
    case .oversized(let bytes):
      warn(
        "a message of \(bytes) bytes in the queue \(queue) is above "
          + "\(AMQPLimits.defaultMaximumBodyBytes): it stays there")
    }
  }
}
