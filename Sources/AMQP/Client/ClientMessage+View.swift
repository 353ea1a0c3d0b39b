extension ClientMessage {
  /// Calls `use` with views of the properties and the body, in one scratch buffer.
  func withView<R>(
    _ use: (OutgoingMessage, UnsafeRawBufferPointer) throws(AMQPError) -> R
  ) throws(AMQPError) -> R {
    let texts = [
      exchange, routingKey, contentType, contentEncoding, messageID, correlationID, replyTo, type,
      appID,
    ]
    var scratch: [UInt8] = []
    var ranges: [Range<Int>?] = []
    for text in texts {
      guard let text else {
        ranges.append(nil)
        continue
      }
      let start = scratch.count
      scratch.append(contentsOf: text.utf8)
      ranges.append(start..<scratch.count)
    }
    let headersStart = scratch.count
    scratch.append(contentsOf: headers ?? [])
    let bodyStart = scratch.count
    scratch.append(contentsOf: body)
    let result: Result<R, AMQPError> = scratch.withUnsafeBytes { bytes in
      func view(_ index: Int) -> UnsafeRawBufferPointer? {
        ranges[index].map { UnsafeRawBufferPointer(rebasing: bytes[$0]) }
      }
      let none = UnsafeRawBufferPointer(start: nil, count: 0)
      var message = OutgoingMessage(exchange: view(0) ?? none, routingKey: view(1) ?? none)
      message.isMandatory = isMandatory
      message.isPersistent = isPersistent
      message.contentType = view(2)
      message.contentEncoding = view(3)
      message.messageID = view(4)
      message.correlationID = view(5)
      message.replyTo = view(6)
      message.type = view(7)
      message.appID = view(8)
      message.priority = priority
      message.timestampSeconds = timestampSeconds
      if headers != nil {
        message.headers = UnsafeRawBufferPointer(rebasing: bytes[headersStart..<bodyStart])
      }
      do throws(AMQPError) {
        return .success(try use(message, UnsafeRawBufferPointer(rebasing: bytes[bodyStart...])))
      } catch {
        return .failure(error)
      }
    }
    return try result.get()
  }
}
