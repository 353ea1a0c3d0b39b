package import Messages

/// What has become of a redrive.
package enum RedriveOutcome: Sendable, Equatable {
  /// The event has begun another attempt, and that is durable.
  case done(attempt: UInt16)
  /// The event is under way already.
  case alreadyOpen
  /// The event has moved on since the caller looked: nothing is repeated.
  case movedOn
  /// There is no such event.
  case notFound
  /// What was sent or ignored is not redriven, only resent.
  case illegalStatus(Status)
  /// Its expiration has passed: it would expire at once.
  case pastExpiration
  /// The engine is stopping, or too many redrives wait already.
  case unavailable
}

/// The answer to one redrive, by the caller's token.
package struct RedriveAnswer: Sendable, Equatable {
  package var token: UInt64
  package var outcome: RedriveOutcome
}
