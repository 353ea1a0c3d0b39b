/// What went wrong between us and the broker: a code to act on, a sentence to show, what to do
/// about it, and the broker's own number. Never carries a payload or a credential.
package struct AMQPError: Error, Sendable, Equatable {
  /// What kind of failure it is.
  package enum Code: String, Sendable, CaseIterable {
    // Before there is a connection.
    case invalidURL = "invalid-url"
    case invalidOption = "invalid-option"
    case unreadableFile = "unreadable-file"
    case connectFailed = "connect-failed"
    case tlsFailed = "tls-failed"
    // The broker refuses us.
    case accessRefused = "access-refused"
    case vhostNotFound = "vhost-not-found"
    case notAllowed = "not-allowed"
    case noCommonMechanism = "no-common-mechanism"
    case unsupportedProtocol = "unsupported-protocol"
    // The broker refuses one of our calls, and closed the channel.
    case notFound = "not-found"
    case preconditionFailed = "precondition-failed"
    case resourceLocked = "resource-locked"
    case contentTooLarge = "content-too-large"
    case messageTooLarge = "message-too-large"
    // The broker takes nothing: memory or disk alarm.
    case publishersBlocked = "publishers-blocked"
    // The broker ends the connection.
    case connectionForced = "connection-forced"
    case brokerError = "broker-error"
    // The connection fails.
    case closedByPeer = "closed-by-peer"
    case ioFailed = "io-failed"
    case heartbeatTimeout = "heartbeat-timeout"
    case callTimeout = "call-timeout"
    case malformedFrame = "malformed-frame"
    case unexpectedFrame = "unexpected-frame"
    // Ours.
    case consumerCancelled = "consumer-cancelled"
    case notReady = "not-ready"
    case invalidMessage = "invalid-message"
    case stopped = "stopped"
  }

  /// What kind of failure it is.
  package let code: Code
  /// One sentence that says what happened, with no full stop.
  package let message: String
  /// What a person can do about it; empty when there is nothing to do but wait.
  package let advice: String
  /// The broker's reply code (403, 404, 406 ...) or the system's errno; nil when there is none.
  package let nativeCode: Int?
  /// What an account may not, where the broker has said so.
  package let refusal: AccessRefusal?

  /// Makes an error.
  package init(
    _ code: Code, _ message: String, advice: String = "", nativeCode: Int? = nil,
    refusal: AccessRefusal? = nil
  ) {
    self.code = code
    self.message = message
    self.advice = advice
    self.nativeCode = nativeCode
    self.refusal = refusal
  }

  /// Whether trying the same again cannot help before a person changes something. A link that has
  /// never been ready gives up on such an error; one that was up keeps trying.
  package var isPermanent: Bool {
    switch code {
    case .invalidURL, .invalidOption, .unreadableFile, .accessRefused, .vhostNotFound, .notAllowed,
      .noCommonMechanism, .unsupportedProtocol, .notFound, .preconditionFailed:
      true
    default:
      false
    }
  }
}

extension AMQPError: CustomStringConvertible {
  /// The sentence, the broker's number, and the advice.
  package var description: String {
    var text = "\(code.rawValue): \(message)"
    if let nativeCode { text += " (\(nativeCode))" }
    if !advice.isEmpty { text += "; \(advice)" }
    return text
  }
}
