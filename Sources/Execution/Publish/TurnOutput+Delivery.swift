import JSON
import Messages

extension TurnOutput {
  /// Publishes an event's delivery.
  ///
  /// - Parameters:
  ///   - replyTo: the queue that delivery logs are to come to.
  ///   - writer: a scratch buffer.
  mutating func publish(
    _ delivery: ActiveEvent.QueuedDelivery, _ token: PublishToken, of facts: EventFacts,
    _ state: EventState, shard: ShardNumber, replyTo: [UInt8], using writer: inout ByteWriter
  ) {
    let order = facts.withBytes { bytes in
      let type = UnsafeRawBufferPointer(rebasing: bytes[facts.range(of: .type)])
      let channel = UnsafeRawBufferPointer(rebasing: bytes[facts.range(of: .channel)])
      let id = UnsafeRawBufferPointer(rebasing: bytes[facts.idRange])
      writer.removeAll()
      RoutingKey.writeDelivery(channel: channel, lane: state.lane, type: type, to: &writer)
      let routingKey = writer.withBytes { add($0) }
      writer.removeAll()
      DeliveryID.write(eventID: id, shard: shard, attempt: state.attempt, to: &writer)
      var order = PublishOrder(
        link: .deliveries(delivery.queue), token: token, exchange: .deliveries,
        routingKey: routingKey, mandatory: true, messageID: writer.withBytes { add($0) },
        timestamp: state.acceptedAt, body: delivery.bytes,
        bodyRange: 0..<delivery.bytes.count)
      order.correlationID = add(id)
      order.replyTo = add(replyTo)
      order.type = add(type)
      order.contentType = add(EngineNames.json)
      order.headers = addTraceHeaders(
        parent: bytes[facts.range(of: .traceParent)],
        state: bytes[facts.range(of: .traceState)])
      return order
    }
    publishes.append(order)
  }
}
