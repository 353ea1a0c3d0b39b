/// A delivered message in one allocation: the body, at least 64 spare bytes, then exchange, routing
/// key and properties as they came. Slices point into it; nothing is decoded until asked for.
package struct IncomingMessage: Sendable, Equatable {
  /// The index of the consumer in the link's options.
  package var consumer = 0
  /// The incarnation of the channel: give it back with the tag when settling.
  package var channelEpoch: UInt32 = 0
  /// The broker's number of this delivery on its channel, from 1.
  package var deliveryTag: UInt64 = 0
  /// Whether the broker may have delivered it before.
  package var isRedelivered = false
  /// The body is the first `bodyCount` bytes.
  package var storage: [UInt8] = []
  /// How many bytes the body has.
  package var bodyCount = 0
  /// Where it was published to.
  package var exchange = ByteSlice.absent
  /// The routing key it was published with.
  package var routingKey = ByteSlice.absent
  /// The properties that a program reads, and the header table's raw entries.
  package var properties = MessageProperties()

  /// The bytes of a slice, valid inside the call. nil when the property is absent.
  package func withBytes<R>(_ slice: ByteSlice, _ use: (UnsafeRawBufferPointer?) -> R) -> R {
    storage.withUnsafeBytes { bytes in
      use(slice.isPresent ? bytes.slice(slice) : nil)
    }
  }

  /// The body, followed in memory by at least 64 readable bytes; valid inside the call.
  package func withBody<R>(_ use: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
    try storage.withUnsafeBytes { bytes in
      try use(UnsafeRawBufferPointer(rebasing: bytes[0..<bodyCount]))
    }
  }

  /// The text of a slice (invalid UTF-8 repaired), for logs and tools; nil when absent.
  package func text(_ slice: ByteSlice) -> String? {
    withBytes(slice) { $0.map { String(decoding: $0, as: UTF8.self) } }
  }
}

/// The basic properties of an incoming message, as slices of its storage.
package struct MessageProperties: Sendable, Equatable {
  /// `content_type`; absent means JSON by our contract.
  package var contentType = ByteSlice.absent
  /// `content_encoding`.
  package var contentEncoding = ByteSlice.absent
  /// The header table's entries, without the length in front: see `HeaderTable`.
  package var headers = ByteSlice.absent
  /// `correlation_id`.
  package var correlationID = ByteSlice.absent
  /// `reply_to`.
  package var replyTo = ByteSlice.absent
  /// `expiration`: milliseconds as text.
  package var expiration = ByteSlice.absent
  /// `message_id`.
  package var messageID = ByteSlice.absent
  /// `type`.
  package var type = ByteSlice.absent
  /// `user_id`, which the broker has verified.
  package var userID = ByteSlice.absent
  /// `app_id`.
  package var appID = ByteSlice.absent
  /// `timestamp`, in seconds since 1970.
  package var timestampSeconds: UInt64?
  /// `priority`.
  package var priority: UInt8?
  /// `delivery_mode`: 2 is persistent.
  package var deliveryMode: UInt8?

  /// No property is present.
  package init() {}
}

extension UnsafeRawBufferPointer {
  /// The bytes of a slice of one message's storage; empty when absent.
  @inline(__always)
  package func slice(_ slice: ByteSlice) -> UnsafeRawBufferPointer {
    let start = Int(slice.offset)
    return UnsafeRawBufferPointer(rebasing: self[start..<start + Int(slice.count)])
  }
}
