internal import NIOCore

extension BrokerLink {
  /// Encodes a publish into the outbound buffer. It leaves with `flush` (or when much has
  /// gathered), and `confirmed`, `refused` or `lost` will name the token.
  ///
  /// - Parameters:
  ///   - message: where to, and the properties.
  ///   - body: the body, or its first part.
  ///   - more: the rest of the body; empty as a rule.
  ///   - token: the owner's name for it; need not be unique.
  /// - Throws: `notReady`, or `invalidMessage` when a property is too long. Nothing is sent then,
  ///   and the token is not heard of again.
  package func publish(
    _ message: OutgoingMessage, body: UnsafeRawBufferPointer,
    _ more: UnsafeRawBufferPointer = UnsafeRawBufferPointer(start: nil, count: 0), token: UInt64
  ) throws(AMQPError) {
    eventLoop.preconditionInEventLoop()
    precondition(role.publishes, "This link does not publish")
    guard machine.isReady else { throw AMQPError(.notReady, "The link is not ready") }
    try PublishEncoder.write(
      message, channel: machine.workChannel, body: body, more,
      frameMaxBytes: machine.frameMaxBytes, into: &outbound)
    machine.published(token: token)
    if outbound.readableBytes >= AMQPLimits.flushBytes { flushOutbound() }
  }

  /// Marks a delivery as done: it is acknowledged with others at the next `flush`. Of another
  /// epoch than the current one it is dropped: the broker has taken it back.
  package func settle(_ deliveryTag: UInt64, epoch: UInt32) {
    eventLoop.preconditionInEventLoop()
    guard epoch == machine.epoch, machine.acks.settle(deliveryTag) else { return }
    settledSinceFlush += 1
    if settledSinceFlush >= AMQPLimits.acknowledgementBatch { flush() }
  }

  /// Gives a delivery back as failed: requeued (which counts towards the delivery limit), or
  /// dead-lettered by the broker. Leaves with the next `flush`. Dropped when of another epoch.
  package func reject(_ deliveryTag: UInt64, epoch: UInt32, requeue: Bool) {
    giveBack(deliveryTag, epoch, .reject(deliveryTag: deliveryTag, requeue: requeue))
  }

  /// Gives a delivery back as not attempted (`basic.nack`): the same as `reject` up to 4.2, and
  /// not counted towards the delivery limit from 4.3 on.
  package func giveBack(_ deliveryTag: UInt64, epoch: UInt32) {
    giveBack(deliveryTag, epoch, .nack(deliveryTag: deliveryTag, requeue: true))
  }

  /// Sends everything that was encoded or settled since the last time, in one write. To be called
  /// at the end of a turn.
  ///
  /// - Parameter waitsForHoles: whether what is settled above an unsettled delivery may wait some
  ///   hundredths of a second, to be acknowledged together with it.
  package func flush(waitsForHoles: Bool = true) {
    eventLoop.preconditionInEventLoop()
    encodeAcks(waitsForHoles: waitsForHoles)
    flushOutbound()
  }

  private func giveBack(_ deliveryTag: UInt64, _ epoch: UInt32, _ method: ClientMethod) {
    eventLoop.preconditionInEventLoop()
    guard machine.isSettling, epoch == machine.epoch, machine.acks.reject(deliveryTag) else {
      return
    }
    execute(.send(method, channel: machine.workChannel))
  }

  /// Encodes the acknowledgements that are due: what is settled above a hole as well where nothing
  /// waits for it to close.
  func encodeAcks(waitsForHoles: Bool = true) {
    guard machine.isSettling, machine.acks.pending > 0 else { return }
    settledSinceFlush = 0
    let hole = waitsForHoles ? UInt64(AMQPLimits.acknowledgementHoleSeconds * 1e9) : 0
    machine.acks.flush(now: now, holeNanoseconds: hole, into: &acks)
    for ack in acks {
      AckEncoder.write(ack, channel: machine.workChannel, into: &outbound)
    }
    acks.removeAll(keepingCapacity: true)
    guard machine.acks.pending > 0, holeTask == nil else { return }
    schedule(&holeTask, seconds: AMQPLimits.acknowledgementHoleSeconds) {
      self.holeTask = nil
      self.flush()
    }
  }

  /// One write for everything in the outbound buffer.
  func flushOutbound() {
    guard outbound.readableBytes > 0, let context else { return }
    machine.clock.now = now
    machine.clock.sent()
    // Taken out first: a socket that was full and takes this says so before the call returns, and
    // what the owner then publishes must neither find it here nor be cleared with it.
    var leaving = spare
    spare = ByteBuffer()
    swap(&leaving, &outbound)
    context.writeAndFlush(NIOAny(leaving), promise: nil)
    // Keeps the memory when the socket took everything at once, as it does as a rule.
    leaving.clear(minimumCapacity: AMQPLimits.flushBytes * 2)
    spare = leaving
  }

  /// The socket has taken what waited for it.
  func becameWritable() {
    guard machine.isReady else { return }
    delegate?.brokerLinkIsWritable(self)
  }
}
