internal import Execution
internal import Logging

/// Says what is parked and why. A flood of bad messages is not a flood of lines: after some in a
/// span of time the others are counted.
struct ParkingLog {
  private var spanStart: MonotonicTime = .start
  private var named = 0
  private var unnamed = 0

  private static let span: TimeSpan = .seconds(10)
  private static let mostNamed = 20

  /// A copy goes to the parked queue.
  ///
  /// - Parameters:
  ///   - messageID: of the copy; empty for none.
  ///   - now: monotonic, in nanoseconds.
  mutating func note(
    reason: UnsafeRawBufferPointer, messageID: UnsafeRawBufferPointer, at now: MonotonicTime,
    _ logger: Logger
  ) {
    if named == 0 || now - spanStart >= Self.span {
      tellRest(logger)
      spanStart = now
      named = 0
    }
    guard named < Self.mostNamed else { return unnamed += 1 }
    named += 1
    logger.info(
      "A message is parked",
      metadata: [
        LogKey.reason: "\(String(decoding: reason, as: UTF8.self))",
        LogKey.messageID: "\(String(decoding: messageID, as: UTF8.self))",
      ])
  }

  /// To be called now and then: what was not named is counted when its span is over.
  mutating func tick(at now: MonotonicTime, _ logger: Logger) {
    guard unnamed > 0, now - spanStart >= Self.span else { return }
    tellRest(logger)
    named = 0
  }

  private mutating func tellRest(_ logger: Logger) {
    guard unnamed > 0 else { return }
    logger.info("More messages are parked", metadata: [LogKey.messages: "\(unnamed)"])
    unnamed = 0
  }
}
