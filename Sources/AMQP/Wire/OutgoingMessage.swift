/// Where a message goes and its properties, as views: valid while the memory they point at is.
///
/// Short strings (everything but the headers) have at most 255 bytes; `BrokerLink.publish` throws
/// for longer ones. A property that is nil is not sent.
package struct OutgoingMessage {
  /// The exchange; empty for the default exchange, which routes to the queue named by the key.
  package var exchange: UnsafeRawBufferPointer
  /// The routing key.
  package var routingKey: UnsafeRawBufferPointer
  /// Whether the broker returns the message when no queue takes it.
  package var isMandatory = false
  /// `delivery_mode` 2 when true, and 1 when false.
  package var isPersistent = true
  /// `content_type`.
  package var contentType: UnsafeRawBufferPointer?
  /// `content_encoding`.
  package var contentEncoding: UnsafeRawBufferPointer?
  /// Raw entries of a header table: `HeaderWriter.bytes`, or those of an incoming message.
  package var headers: UnsafeRawBufferPointer?
  /// `priority`.
  package var priority: UInt8?
  /// `correlation_id`.
  package var correlationID: UnsafeRawBufferPointer?
  /// `reply_to`.
  package var replyTo: UnsafeRawBufferPointer?
  /// `expiration`: milliseconds as text.
  package var expiration: UnsafeRawBufferPointer?
  /// `message_id`: what a return is recognised by.
  package var messageID: UnsafeRawBufferPointer?
  /// `timestamp`, in seconds since 1970.
  package var timestampSeconds: UInt64?
  /// `type`.
  package var type: UnsafeRawBufferPointer?
  /// `app_id`.
  package var appID: UnsafeRawBufferPointer?

  /// A persistent message without properties.
  package init(exchange: UnsafeRawBufferPointer, routingKey: UnsafeRawBufferPointer) {
    self.exchange = exchange
    self.routingKey = routingKey
  }
}

/// Bytes that stay at one place in memory, for names that are sent over and over: an exchange, a
/// content type, the shard's own queue.
package final class StableBytes: Sendable {
  // Safe: the memory is written in `init` only, and freed when nobody can read it any more.
  private nonisolated(unsafe) let memory: UnsafeMutableRawBufferPointer

  /// Copies the text's UTF-8.
  package init(_ text: String) {
    let utf8 = Array(text.utf8)
    memory = .allocate(byteCount: max(utf8.count, 1), alignment: 1)
    memory.copyBytes(from: utf8)
    count = utf8.count
  }

  deinit {
    memory.deallocate()
  }

  /// How many bytes there are.
  package let count: Int

  /// The bytes, valid while this object lives.
  package var view: UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: memory.baseAddress, count: count)
  }
}
