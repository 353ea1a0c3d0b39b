/// Every bound on what messages may hold. Bytes unless a name says otherwise.
package enum MessageLimits {
  /// One event's body, unless configured otherwise.
  package static let eventBytes = 1 << 20
  /// One AMQP message's body: RabbitMQ 4.x takes no larger one by default.
  package static let messageBytes = 16 << 20
  /// Containers inside each other in one event, whatever it stands in.
  package static let eventDepth = 64
  /// The same for a whole body that need not be cut first: an event may stand in an array, and
  /// that in an object.
  package static let documentDepth = eventDepth + 2
  /// An event's id.
  package static let idBytes = 128
  /// An event's type.
  package static let typeBytes = 128
  /// A channel's name.
  package static let channelBytes = 32
  /// RFC 5321's longest path, less its angle brackets.
  package static let emailBytes = 254
  /// A phone number with its separators.
  package static let phoneBytes = 32
  /// A registration token, or the address on a channel of one's own.
  package static let addressBytes = 4_096
  /// An event's origin.
  package static let originBytes = 255
  /// An event's external id.
  package static let externalIDBytes = 255
  /// RFC 5646, section 4.4.1: what every implementation should take.
  package static let languageBytes = 35
  /// The code of a delivery log's reason.
  package static let reasonCodeBytes = 128
  /// The text of a delivery log's reason; what is longer is cut.
  package static let reasonTextBytes = 4_096
  /// A provider's id of a message.
  package static let providerMessageIDBytes = 512
  /// W3C trace context: `traceparent`.
  package static let traceParentBytes = 256
  /// The same's `tracestate`.
  package static let traceStateBytes = 1_024
  /// A key that a reason names; what is longer is cut.
  package static let shownKeyBytes = 128
  /// AMQP's short string: routing keys and message ids.
  package static let shortStringBytes = 255

  /// Called at start: the bounds fit each other.
  package static func check() {
    precondition(eventBytes < messageBytes, "an event fits a message")
    precondition(
      idBytes + ".00.65535".utf8.count <= shortStringBytes, "a delivery id is a message id")
    precondition(
      idBytes + ".00.4294967295".utf8.count <= shortStringBytes,
      "a status update's id is a message id")
    precondition(
      "pending-delivery.realtime.".utf8.count + channelBytes + 1 + typeBytes <= shortStringBytes,
      "a status update's routing key is a short string")
  }
}
