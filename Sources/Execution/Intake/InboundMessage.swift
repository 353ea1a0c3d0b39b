package import Messages

/// Where a message came from: which of a shard's three queues.
package enum Inlet: UInt8, Sendable, CaseIterable {
  case realtime = 0
  case batch = 1
  case deliveryLogs = 2

  /// The lane of the events that arrive here; nil for delivery logs.
  package var lane: Lane? {
    switch self {
    case .realtime: .realtime
    case .batch: .batch
    case .deliveryLogs: nil
    }
  }
}

/// A range of bytes in a buffer that the holder knows. Empty means absent.
package struct ByteRange: Sendable, Equatable {
  package var offset: Int
  package var count: Int

  package static let none = ByteRange(offset: 0, count: 0)

  package init(offset: Int, count: Int) {
    self.offset = offset
    self.count = count
  }

  package var isEmpty: Bool { count == 0 }
}

/// One AMQP message as the engine takes it: one allocation, with ranges into it.
package struct InboundMessage: Sendable {
  package var inlet: Inlet
  /// Which incarnation of the consuming channel gave the delivery tag.
  package var channelEpoch: UInt32
  package var deliveryTag: UInt64
  package var redelivered: Bool
  /// How often the broker has delivered it before, as far as it says (`x-delivery-count`).
  package var deliveryCount: UInt32 = 0
  /// The body first, then at least `jsonPadding` spare bytes; the properties' bytes behind.
  package var storage: [UInt8]
  package var bodyCount: Int
  package var contentType = ByteRange.none
  package var messageID = ByteRange.none
  package var correlationID = ByteRange.none
  package var replyTo = ByteRange.none
  package var contentEncoding = ByteRange.none
  package var type = ByteRange.none
  package var appID = ByteRange.none
  package var userID = ByteRange.none
  package var expiration = ByteRange.none
  package var priority: UInt8?
  package var timestampSeconds: UInt64?
  package var exchange = ByteRange.none
  package var routingKey = ByteRange.none
  /// The entries of the header table, as they came over the wire.
  package var headers = ByteRange.none
  package var traceParent = ByteRange.none
  package var traceState = ByteRange.none
  /// The header `compression`, by which kombu says that the body is compressed.
  package var compression = ByteRange.none
  /// The attributes of a CloudEvent in binary mode, as a JSON object; the body is its data.
  package var cloudEvent = ByteRange.none

  package init(
    inlet: Inlet, channelEpoch: UInt32, deliveryTag: UInt64, redelivered: Bool,
    storage: [UInt8], bodyCount: Int
  ) {
    self.inlet = inlet
    self.channelEpoch = channelEpoch
    self.deliveryTag = deliveryTag
    self.redelivered = redelivered
    self.storage = storage
    self.bodyCount = bodyCount
  }

  func bytes(_ range: ByteRange) -> [UInt8] {
    range.isEmpty ? [] : Array(storage[range.offset..<range.offset + range.count])
  }
}
