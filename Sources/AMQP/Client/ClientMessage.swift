/// A message to publish that owns its bytes: for tools. The service publishes views instead.
package struct ClientMessage: Sendable {
  /// The exchange; empty for the default exchange.
  package var exchange: String
  /// The routing key.
  package var routingKey: String
  /// The body.
  package var body: [UInt8]
  /// Whether it must reach a queue; needs a `messageID`.
  package var isMandatory = false
  /// Whether the broker keeps it on disk. The default is true.
  package var isPersistent = true
  /// `content_type`.
  package var contentType: String?
  /// `content_encoding`.
  package var contentEncoding: String?
  /// `message_id`.
  package var messageID: String?
  /// `correlation_id`.
  package var correlationID: String?
  /// `reply_to`.
  package var replyTo: String?
  /// `type`.
  package var type: String?
  /// `app_id`.
  package var appID: String?
  /// `priority`.
  package var priority: UInt8?
  /// `timestamp`, in seconds since 1970.
  package var timestampSeconds: UInt64?
  /// Raw entries of the header table: `HeaderWriter.bytes`.
  package var headers: [UInt8]?

  /// A persistent message without properties.
  package init(exchange: String, routingKey: String, body: [UInt8]) {
    self.exchange = exchange
    self.routingKey = routingKey
    self.body = body
  }
}

/// What became of one published message.
package enum PublishOutcome: Sendable, Equatable {
  /// The broker has taken responsibility.
  case confirmed
  /// The broker refused it (`basic.nack`).
  case refused
  /// No queue took a mandatory message.
  case returned(code: Int, text: String)
}
