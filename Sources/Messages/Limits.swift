/// Every bound on what messages may hold. Bytes unless a name says otherwise.
package enum Limits {
  /// One event's body, unless configured otherwise.
  package static let eventBytes = 1 << 20
  /// One AMQP message's body: RabbitMQ 4.x takes no larger one by default.
  package static let messageBytes = 16 << 20
  /// Containers inside each other in one event.
  package static let eventDepth = 64
  /// The same for a whole body: an event may stand in an array, and that in an object.
  package static let documentDepth = eventDepth + 2
  package static let idBytes = 128
  package static let typeBytes = 128
  package static let channelBytes = 32
  package static let emailBytes = 254
  package static let phoneBytes = 32
  package static let addressBytes = 4_096
  package static let originBytes = 255
  package static let externalIDBytes = 255
  package static let languageBytes = 35
  package static let reasonCodeBytes = 128
  package static let reasonTextBytes = 4_096
  package static let providerMessageIDBytes = 512
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
