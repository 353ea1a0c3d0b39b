import JSON
import Messages

extension TurnOutput {
  /// Publishes a copy to the parked queue.
  ///
  /// - Parameter writer: a scratch buffer.
  mutating func publish(
    _ copy: ParkedCopy, _ token: PublishToken, at now: Timestamp, using writer: inout ByteWriter
  ) {
    let routingKey = add(copy.origin.reason)
    var order = PublishOrder(
      link: .parking, token: token, exchange: .parked, routingKey: routingKey,
      mandatory: true, messageID: add(copy.messageID), timestamp: now,
      body: copy.body, bodyRange: copy.bodyRange)
    order.correlationID = add(copy.correlationID)
    if !copy.replyTo.isEmpty { order.replyTo = add(copy.replyTo) }
    order.contentType = add(copy.contentType)
    add(copy.properties, to: &order)
    order.headers = addHeaders(of: copy, using: &writer)
    order.originalHeaders = copy.originalHeaders
    publishes.append(order)
  }

  private mutating func add(_ properties: ParkedCopy.Properties, to order: inout PublishOrder) {
    if !properties.contentEncoding.isEmpty {
      order.contentEncoding = add(properties.contentEncoding)
    }
    if !properties.type.isEmpty { order.type = add(properties.type) }
    if !properties.appID.isEmpty { order.appID = add(properties.appID) }
    order.priority = properties.priority
    order.originalTimestampSeconds = properties.timestampSeconds
  }

  private mutating func addHeaders(
    of copy: ParkedCopy, using writer: inout ByteWriter
  ) -> Range<Int> {
    let origin = copy.origin
    let start = headers.count
    addHeader(ParkedHeader.reason, origin.reason)
    addHeader(ParkedHeader.detail, origin.detail)
    addHeader(ParkedHeader.exchange, origin.exchange)
    addHeader(ParkedHeader.routingKey, origin.routingKey)
    addHeader(ParkedHeader.lane, origin.lane)
    writer.removeAll()
    origin.firstSeen.write(to: &writer)
    addHeader(ParkedHeader.firstSeen, writer.array())
    addHeader(ParkedHeader.version, origin.version)
    if !origin.batchID.isEmpty { addHeader(ParkedHeader.batchID, origin.batchID) }
    let properties = copy.properties
    if !properties.userID.isEmpty { addHeader(ParkedHeader.originalUserID, properties.userID) }
    if !properties.expiration.isEmpty {
      addHeader(ParkedHeader.originalExpiration, properties.expiration)
    }
    return start..<headers.count
  }

  private mutating func addHeader(_ name: StaticString, _ value: [UInt8]) {
    headers.append(HeaderOrder(name: name, value: add(value)))
  }
}
