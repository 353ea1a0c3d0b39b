/// A mandatory message that no queue took. Its confirm, an ack, always comes after it.
package struct ReturnedMessage: Sendable, Equatable {
  /// 312 (no route) as a rule.
  package let replyCode: Int
  /// The broker's reason.
  package let replyText: String
  /// Exchange, routing key and properties (`messageID` tells which one it is); no body.
  package let message: IncomingMessage
}

/// A delivery whose body is above the limit. It has not been kept, and must be settled: reject it
/// without requeueing, so that the broker dead-letters it.
package struct OversizedMessage: Sendable, Equatable {
  /// How large the body is.
  package let bodyBytes: UInt64
  /// Everything but the body.
  package let envelope: IncomingMessage
}
