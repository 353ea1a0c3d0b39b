/// The queue that a `reply_to` means. Clients of AMQP 1.0 write addresses there: `/queue/NAME` and
/// `/amq/queue/NAME` for RabbitMQ 3, `/queues/NAME` for 4, the name percent-encoded.
package enum ReplyAddress {
  private static let prefixes: [StaticString] = ["/queues/", "/queue/", "/amq/queue/"]

  /// The queue's name: what stands behind the address's prefix, or all of it.
  package static func queue(of replyTo: UnsafeRawBufferPointer) -> [UInt8] {
    guard replyTo.first == UInt8(ascii: "/") else { return Array(replyTo) }
    for prefix in prefixes {
      let bytes = UnsafeBufferPointer(start: prefix.utf8Start, count: prefix.utf8CodeUnitCount)
      guard replyTo.count > bytes.count, replyTo.starts(with: bytes) else { continue }
      return decoded(replyTo[bytes.count...])
    }
    return Array(replyTo)
  }

  /// `%2F` is one byte (RFC 3986, section 2.1); what is no such code stays.
  private static func decoded(_ text: Slice<UnsafeRawBufferPointer>) -> [UInt8] {
    var result: [UInt8] = []
    var position = text.startIndex
    while position < text.endIndex {
      let byte = text[position]
      if byte == UInt8(ascii: "%"), position + 2 < text.endIndex,
        let high = digit(text[position + 1]), let low = digit(text[position + 2])
      {
        result.append(high << 4 | low)
        position += 3
      } else {
        result.append(byte)
        position += 1
      }
    }
    return result
  }

  private static func digit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 0x30...0x39: byte - 0x30
    case 0x41...0x46: byte - 0x41 + 10
    case 0x61...0x66: byte - 0x61 + 10
    default: nil
    }
  }
}
