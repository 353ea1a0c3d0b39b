internal import AMQP
internal import EventLog
internal import Execution
internal import Messages
internal import Templates

/// A bound that only makes sense beside another one. Of configured values it is checked at the
/// start, and the process ends with 78 and the sentence; of constants it is asserted. The table of
/// all of them is `deploy/handbook/limits.md`.
struct LimitRelation: Sendable {
  /// The key that the sentence is about.
  let key: String
  /// What is expected of its value, and why.
  let expected: @Sendable (NodeConfiguration) -> String
  let holds: @Sendable (NodeConfiguration) -> Bool

  init(
    _ key: String, holds: @escaping @Sendable (NodeConfiguration) -> Bool,
    expected: @escaping @Sendable (NodeConfiguration) -> String
  ) {
    self.key = key
    self.holds = holds
    self.expected = expected
  }

  /// The largest event that a record of the event log holds beside the largest facts of one.
  static func mostEventBytes(segmentBytes: Int) -> Int {
    EventLog.maxPayloadBytes(segmentBytes: segmentBytes) - RecordPayload.mostBytesBesideBody
  }

  /// How much of a queue's or exchange's name is ours, at most: the longest is a channel's queue.
  static let mostNameBytes = ".deliveries.".utf8.count + MessageLimits.channelBytes

  private static let secondsOfDay = 86_400

  static let all: [LimitRelation] = [
    LimitRelation(
      "events.maxBytes",
      holds: { $0.maxEventBytes <= mostEventBytes(segmentBytes: $0.segmentBytes) },
      expected: {
        """
        expected at most \(mostEventBytes(segmentBytes: $0.segmentBytes)): an event, with what is \
        known of it, has to fit one record of the event log
        """
      }),
    LimitRelation(
      "delivery.retryMinSeconds", holds: { $0.retryMinSeconds <= $0.retryMaxSeconds },
      expected: { _ in "expected at most delivery.retryMaxSeconds" }),
    LimitRelation(
      "delivery.retryMinSeconds", holds: { $0.retryMinSeconds <= $0.giveUpSeconds },
      expected: { _ in
        "expected at most delivery.giveUpSeconds: else no event is ever tried twice"
      }),
    LimitRelation(
      "delivery.logTimeoutSeconds",
      holds: { $0.logTimeoutSeconds <= $0.retentionDays * secondsOfDay },
      expected: {
        """
        expected at most store.retentionDays, \($0.retentionDays * secondsOfDay) seconds: when \
        retention carries an open event on, its log timeout begins anew
        """
      }),
    LimitRelation(
      "store.maxBytes",
      holds: {
        guard $0.isSegmentBytesSet, let most = $0.maxStoreBytes else { return true }
        return most >= EventLog.leastMaxBytes(segmentBytes: $0.segmentBytes)
      },
      expected: {
        """
        expected at least \(EventLog.leastMaxBytes(segmentBytes: $0.segmentBytes)), six segments: \
        three of them are written or prepared (store.segmentBytes is \($0.segmentBytes))
        """
      }),
  ]

  /// What holds of constants; called once, before anything is opened.
  static func assertConstants() {
    EngineSettings.checkLimits(mostPrefetch: ConfigurationKey.mostPrefetch)
    precondition(
      AMQPLimits.defaultMaximumBodyBytes == MessageLimits.messageBytes,
      "what a connection takes and what the engine parses are one size")
    precondition(
      EngineSettings.mostHeldBytes / 12 >= MessageLimits.messageBytes,
      "an inlet's part of what is held in memory takes the largest message")
    precondition(
      ShardRunner.logHighWaterBytes
        >= 2 * EventLog.maxPayloadBytes(segmentBytes: NodeConfiguration.mostSegmentBytes),
      "the log is asked to take the largest record before it counts as full")
    precondition(
      TemplateLimits.outputBytes + Int(UInt16.max) < MessageLimits.messageBytes,
      "a rendered delivery is a message that anyone takes")
    precondition(
      NodeConfiguration.mostPrefixBytes + mostNameBytes <= AMQPLimits.shortStringBytes,
      "the longest prefix leaves room for the longest name behind it")
  }
}
