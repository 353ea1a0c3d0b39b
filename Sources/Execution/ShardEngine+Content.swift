import JSON
import Messages

// What stands in a message's body: producers' libraries compress it, encode it as AMQP 1.0 does,
// begin it with a byte order mark, put an envelope around it. All of that is taken off here; the
// parked copy of a message is what came.
extension ShardEngine {
  /// Begins a message whose body may be wrapped.
  func beginBody(_ message: Int32, _ inbound: InboundMessage) {
    do throws(Rejection) {
      if isOfAMQP10(inbound) {
        let content = try inbound.storage.withPart(0..<inbound.bodyCount) {
          (body) throws(Rejection) in try AMQPSections.content(of: body)
        }
        messages[message].content = content
      }
      if !inbound.contentEncoding.isEmpty || !inbound.compression.isEmpty {
        let encoding = try encoding(of: inbound)
        if encoding.layers > 0 {
          let unpacker = Unpacker(encoding, maxBytes: Limits.messageBytes)
          return begin(message, .packed(unpacker))
        }
      }
    } catch {
      return park(message, element: 0..<inbound.bodyCount, error)
    }
    beginContent(message, inbound)
  }

  private func isOfAMQP10(_ inbound: InboundMessage) -> Bool {
    isOfType(AMQPSections.type, inbound)
  }

  func isOfType(_ type: StaticString, _ inbound: InboundMessage) -> Bool {
    guard inbound.type.count == type.utf8CodeUnitCount else { return false }
    return inbound.storage.withPart(inbound.type.range) { $0.elementsEqual("\(type)".utf8) }
  }

  private func encoding(of inbound: InboundMessage) throws(Rejection) -> ContentEncoding {
    try inbound.storage.withUnsafeBufferPointer { (bytes) throws(Rejection) in
      let all = UnsafeRawBufferPointer(bytes)
      return try ContentEncoding(
        contentEncoding: UnsafeRawBufferPointer(rebasing: all[inbound.contentEncoding.range]),
        compression: UnsafeRawBufferPointer(rebasing: all[inbound.compression.range]))
    }
  }

  /// Unpacks some more of a body. Behind its end the content is what was in it.
  func unpack(_ message: Int32, with unpacker: Unpacker) throws(Rejection) {
    let bytes = EngineLimits.unpackedBytes
    work.spend(bytes * WorkCost.unpackedByte)
    let isEnd = try messages[message].message.storage.withPart(messages[message].content) {
      (body) throws(Rejection) in try unpacker.advance(body, bytes: bytes)
    }
    guard isEnd else { return }
    endTranslation(message)
    let content = unpacker.finish()
    hold(messages[message].adopt(unpacked: content), forMessage: message)
    work.spend(content.count * WorkCost.byte)
    beginContent(message, messages[message].message)
  }

  /// Begins a message whose content is no longer wrapped, but for a mark or an envelope.
  private func beginContent(_ message: Int32, _ inbound: InboundMessage) {
    let format = inbound.storage.withPart(inbound.contentType.range) {
      BodyFormat(contentType: $0)
    }
    let content = messages[message].content
    do throws(Rejection) {
      if format != .unknown || messages[message].isCancel {
        let mark = try inbound.storage.withPart(content) { (body) throws(Rejection) in
          try TextStart.markBytes(body)
        }
        if mark > 0 { messages[message].content = content.dropFirst(mark) }
      }
      if format == .massTransit {
        let place = messages[message].content
        let inner = try inbound.storage.withPart(place) { (body) throws(Rejection) in
          // An event as deep as may be has the envelope around it.
          try MassTransit.message(in: body, using: otherParser)
        }
        messages[message].isEnveloped = inner.count < place.count
        messages[message].content =
          place.lowerBound + inner.lowerBound..<place.lowerBound + inner.upperBound
      }
    } catch {
      return park(message, element: messages[message].content, error)
    }
    begin(message, inbound, format)
  }
}
