internal import NIOCore

/// Writes a publish (method, content header, body frames) straight into the outbound buffer, in one
/// pass over memory that was reserved once.
enum PublishEncoder {
  /// Appends the frames of one message whose body is `body` followed by `more`.
  ///
  /// - Throws: `invalidMessage` when a short string is too long or the headers do not fit a frame;
  ///   nothing has been written then.
  @inline(__always)
  static func write(
    _ message: OutgoingMessage, channel: UInt16, body: UnsafeRawBufferPointer,
    _ more: UnsafeRawBufferPointer, frameMaxBytes: Int, into buffer: inout ByteBuffer
  ) throws(AMQPError) {
    let properties = try propertyBytes(message)
    let bodyBytes = body.count + more.count
    let headerBytes = 14 + properties
    guard headerBytes + AMQPLimits.frameOverheadBytes <= frameMaxBytes else {
      throw AMQPError(
        .invalidMessage, "The headers of a message take \(headerBytes) bytes, more than a frame",
        advice: "send fewer or shorter headers")
    }
    let methodBytes = 4 + 2 + 1 + message.exchange.count + 1 + message.routingKey.count + 1
    let pieceBytes = frameMaxBytes - AMQPLimits.frameOverheadBytes
    let pieces = (bodyBytes + pieceBytes - 1) / pieceBytes
    let total = methodBytes + headerBytes + bodyBytes + (2 + pieces) * AMQPLimits.frameOverheadBytes

    buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: total) { memory in
      var writer = RawWriter(memory)
      writer.frameHeader(.method, channel, methodBytes)
      writer.integer(UInt32(60 << 16 | 40))
      writer.integer(UInt16(0))
      writer.shortString(message.exchange)
      writer.shortString(message.routingKey)
      writer.integer(UInt8(message.isMandatory ? 1 : 0))
      writer.integer(FrameScanner.endOctet)

      writer.frameHeader(.header, channel, headerBytes)
      writer.integer(UInt16(60))
      writer.integer(UInt16(0))
      writer.integer(UInt64(bodyBytes))
      writeProperties(message, &writer)
      writer.integer(FrameScanner.endOctet)

      writeBody(&writer, channel, body, more, pieceBytes)
      precondition(writer.position == total, "A publish was measured wrongly")
      return total
    }
  }

  @inline(__always)
  private static func writeBody(
    _ writer: inout RawWriter, _ channel: UInt16, _ body: UnsafeRawBufferPointer,
    _ more: UnsafeRawBufferPointer, _ pieceBytes: Int
  ) {
    var done = 0
    let bodyBytes = body.count + more.count
    while done < bodyBytes {
      let piece = min(pieceBytes, bodyBytes - done)
      writer.frameHeader(.body, channel, piece)
      let end = done + piece
      if done < body.count {
        writer.bytes(UnsafeRawBufferPointer(rebasing: body[done..<min(end, body.count)]))
      }
      if end > body.count {
        let start = max(done - body.count, 0)
        writer.bytes(UnsafeRawBufferPointer(rebasing: more[start..<end - body.count]))
      }
      writer.integer(FrameScanner.endOctet)
      done = end
    }
  }

  private static func propertyBytes(_ message: OutgoingMessage) throws(AMQPError) -> Int {
    var total = 1  // delivery_mode
    var longest = max(message.exchange.count, message.routingKey.count)
    @inline(__always)
    func short(_ value: UnsafeRawBufferPointer?) {
      guard let value else { return }
      total += 1 + value.count
      longest = max(longest, value.count)
    }
    short(message.contentType)
    short(message.contentEncoding)
    if let headers = message.headers { total += 4 + headers.count }
    if message.priority != nil { total += 1 }
    short(message.correlationID)
    short(message.replyTo)
    short(message.expiration)
    short(message.messageID)
    if message.timestampSeconds != nil { total += 8 }
    short(message.type)
    short(message.appID)
    guard longest <= AMQPLimits.shortStringBytes else {
      throw AMQPError(
        .invalidMessage, "A name or property of a message has \(longest) bytes, 255 is the most")
    }
    return total
  }

  @inline(__always)
  private static func writeProperties(
    _ message: OutgoingMessage, _ writer: inout RawWriter
  ) {
    var flags: UInt16 = 1 << 12
    if message.contentType != nil { flags |= 1 << 15 }
    if message.contentEncoding != nil { flags |= 1 << 14 }
    if message.headers != nil { flags |= 1 << 13 }
    if message.priority != nil { flags |= 1 << 11 }
    if message.correlationID != nil { flags |= 1 << 10 }
    if message.replyTo != nil { flags |= 1 << 9 }
    if message.expiration != nil { flags |= 1 << 8 }
    if message.messageID != nil { flags |= 1 << 7 }
    if message.timestampSeconds != nil { flags |= 1 << 6 }
    if message.type != nil { flags |= 1 << 5 }
    if message.appID != nil { flags |= 1 << 3 }
    writer.integer(flags)
    if let value = message.contentType { writer.shortString(value) }
    if let value = message.contentEncoding { writer.shortString(value) }
    if let value = message.headers {
      writer.integer(UInt32(value.count))
      writer.bytes(value)
    }
    writer.integer(UInt8(message.isPersistent ? 2 : 1))
    if let value = message.priority { writer.integer(value) }
    if let value = message.correlationID { writer.shortString(value) }
    if let value = message.replyTo { writer.shortString(value) }
    if let value = message.expiration { writer.shortString(value) }
    if let value = message.messageID { writer.shortString(value) }
    if let value = message.timestampSeconds { writer.integer(value) }
    if let value = message.type { writer.shortString(value) }
    if let value = message.appID { writer.shortString(value) }
  }
}
