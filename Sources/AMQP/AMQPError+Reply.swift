extension AMQPError {
  /// What it means that the broker cancels a consumer.
  static let queueIsGone = AMQPError(
    .consumerCancelled, "The broker cancelled a consumer: its queue is gone")

  /// The error of a `connection.close` or `channel.close` that the broker sent.
  ///
  /// Reply codes: AMQP 0-9-1 section 1.2 "constants", and RabbitMQ's use of them.
  ///
  /// - Parameter operation: what was refused, on the control channel.
  init(
    replyCode: UInt16, text: String, duringLogin: Bool, operation: TopologyOperation? = nil
  ) {
    let number = Int(replyCode)
    let said = text.isEmpty ? "no reason given" : text
    switch replyCode {
    case 200:
      self.init(.closedByPeer, "The broker closed normally: \(said)", nativeCode: number)
    case 311:
      self.init(
        .contentTooLarge, "The broker finds a message too large: \(said)",
        advice: "raise max_message_size at the broker or send less", nativeCode: number)
    case 320:
      self.init(.connectionForced, "The broker closed the connection: \(said)", nativeCode: number)
    case 403:
      self = Self.accessRefused(said, duringLogin, operation)
    case 404:
      self.init(
        .notFound, "The broker does not know the name: \(said)",
        advice: "declare the topology first", nativeCode: number)
    case 405:
      self.init(
        .resourceLocked, "Another connection holds it exclusively: \(said)", nativeCode: number)
    case 406:
      self = Self.preconditionFailed(said)
    case 530:
      self = Self.notAllowed(said)
    default:
      self.init(.brokerError, "The broker reported an error: \(said)", nativeCode: number)
    }
  }

  /// 403 is said of a login, of an account that may not, and of a queue in exclusive use.
  private static func accessRefused(
    _ said: String, _ duringLogin: Bool, _ operation: TopologyOperation?
  ) -> AMQPError {
    var refusal: AccessRefusal?
    var advice = "check the user name and password"
    if !duringLogin {
      refusal = AccessRefusal(said).map { found in operation.map(found.of) ?? found.ofWork }
      advice = refusal.map { "\($0.sentence): \($0.advice)" } ?? ""
    }
    return AMQPError(
      .accessRefused, "The broker refused access: \(said)", advice: advice, nativeCode: 403,
      refusal: refusal)
  }

  private static let consumerTimeout = "The broker waited too long for an acknowledgement"

  /// Whether the broker closed a channel because a message was held for longer than its
  /// `consumer_timeout`.
  package var isConsumerTimeout: Bool {
    code == .preconditionFailed && message.hasPrefix(Self.consumerTimeout)
  }

  /// 406 is said of a declaration that differs from what is there, and by RabbitMQ also of a
  /// message that was not acknowledged within `consumer_timeout`, and of a publish above
  /// `max_message_size`: "message size 17 is larger than configured max size 16" (3.10 to 4.x;
  /// "larger than max size" where the size is the largest that there can be).
  private static func preconditionFailed(_ said: String) -> AMQPError {
    if said.contains("message size"), said.contains("larger than") {
      return AMQPError(
        .messageTooLarge, "The broker does not take a message of that size: \(said)",
        advice: "raise max_message_size at the broker or send less", nativeCode: 406)
    }
    if said.contains("timed out") {
      return AMQPError(
        .preconditionFailed, "\(consumerTimeout): \(said)",
        advice: "raise consumer_timeout at the broker: messages may be held for ten minutes",
        nativeCode: 406)
    }
    return AMQPError(
      .preconditionFailed, "The broker holds something else by that name: \(said)",
      advice: "compare the arguments with the topology that is declared", nativeCode: 406)
  }

  /// 530 is said of an unknown virtual host, of a forbidden one, and of connection limits.
  private static func notAllowed(_ said: String) -> AMQPError {
    if said.contains("vhost") && said.contains("not found") {
      return AMQPError(
        .vhostNotFound, "The broker has no such virtual host: \(said)",
        advice: "create the virtual host or correct broker.vhost", nativeCode: 530)
    }
    if said.contains("limit"), said.contains("channels") {
      return AMQPError(
        .connectionForced, "The broker allows the account no more channels: \(said)",
        advice: "raise its max-channels: `rabbitmqctl set_user_limits`", nativeCode: 530)
    }
    if said.contains("limit") {
      return AMQPError(
        .connectionForced, "The broker allows no more connections: \(said)", nativeCode: 530)
    }
    return AMQPError(
      .notAllowed, "The broker does not allow it: \(said)",
      advice: """
        the account has no permissions in this virtual host: `rabbitmqctl set_permissions -p VHOST \
        USER CONFIGURE WRITE READ` gives some
        """,
      nativeCode: 530)
  }
}
