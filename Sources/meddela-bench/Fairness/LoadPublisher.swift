internal import AMQP

/// Publishes what disturbs, on a connection of its own, with as much under way as a busy producer
/// has.
struct LoadPublisher: Sendable {
  let client: BrokerClient

  private static let inBatch = 100
  private static let batchesAtOnce = 16

  /// - Parameters:
  ///   - rate: messages a second; nil: as fast as the broker takes them.
  ///   - message: of a number from 0.
  /// - Returns: how many were confirmed.
  @discardableResult
  func publish(
    _ count: Int, rate: Int? = nil, _ message: @escaping @Sendable (Int) -> ClientMessage
  ) async throws -> Int {
    let inBatch = rate.map { max(1, min(Self.inBatch, $0 / 50)) } ?? Self.inBatch
    let start = ContinuousClock.now
    return try await withThrowingTaskGroup(of: Int.self) { group in
      var (next, confirmed, underWay) = (0, 0, 0)
      while next < count || underWay > 0 {
        if next < count, underWay < Self.batchesAtOnce {
          if let rate {
            try await ContinuousClock().sleep(until: start + .seconds(1) * next / rate)
          }
          let range = next..<min(next + inBatch, count)
          next = range.upperBound
          underWay += 1
          group.addTask {
            let outcomes = try await client.publish(range.map(message))
            return outcomes.count { $0 == .confirmed }
          }
        } else if let answered = try await group.next() {
          confirmed += answered
          underWay -= 1
        }
      }
      return confirmed
    }
  }

  /// One message, however large.
  func publish(_ message: ClientMessage) async throws {
    let outcomes = try await client.publish([message])
    guard outcomes == [.confirmed] else {
      throw BenchFailure("a message of the load was not confirmed: \(outcomes)")
    }
  }
}
