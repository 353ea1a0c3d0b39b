/// What the owner of a `BrokerLink` is told. Everything is called on the link's event loop, in the
/// order in which it happened; every method may call the link back.
package protocol BrokerLinkDelegate: AnyObject {
  /// The channel of this epoch is set up: publishing and settling are possible from now on.
  func brokerLink(_ link: BrokerLink, isReady epoch: UInt32)
  /// The channel of this epoch is gone. `unconfirmed` are the tokens of its publishes that were
  /// neither confirmed nor refused, in the order they were published. Deliveries of the epoch that
  /// are not settled will come again; settling them now does nothing. Told when stopping, too.
  func brokerLink(
    _ link: BrokerLink, lost epoch: UInt32, _ error: AMQPError, unconfirmed: [UInt64])
  /// An attempt to get ready failed. nil for `retryAfterSeconds`: the link has given up, because
  /// it was never ready and the error is permanent.
  func brokerLink(_ link: BrokerLink, failed error: AMQPError, retryAfterSeconds: Double?)
  /// A message has come.
  func brokerLink(_ link: BrokerLink, received message: consuming IncomingMessage)
  /// The queue that `get` asked has no message ready.
  func brokerLinkHasNothingToGet(_ link: BrokerLink)
  /// A message above the size limit has come: reject it.
  func brokerLink(_ link: BrokerLink, oversized message: OversizedMessage)
  /// What one read of the socket brought has been told: time for a turn.
  func brokerLinkDidRead(_ link: BrokerLink)
  /// The broker has taken responsibility for these publishes.
  func brokerLink(_ link: BrokerLink, confirmed tokens: [UInt64])
  /// The broker has refused these publishes (`basic.nack`).
  func brokerLink(_ link: BrokerLink, refused tokens: [UInt64])
  /// A mandatory message reached no queue. Its confirm follows, and means nothing.
  func brokerLink(_ link: BrokerLink, returned message: ReturnedMessage)
  /// The broker blocks publishers (a resource alarm), or no longer does (nil).
  func brokerLink(_ link: BrokerLink, blocked reason: String?)
  /// `setConsuming` has been carried out.
  func brokerLink(_ link: BrokerLink, isConsuming: Bool)
  /// `giveBackOldest` has been carried out.
  func brokerLinkGaveBack(_ link: BrokerLink)
  /// The outbound buffer has drained after `isWritable` was false.
  func brokerLinkIsWritable(_ link: BrokerLink)
  /// The link has stopped, as `stop` asked.
  func brokerLinkDidStop(_ link: BrokerLink)
}

extension BrokerLinkDelegate {
  /// Nothing to do for a link that does not consume.
  package func brokerLink(_ link: BrokerLink, received message: consuming IncomingMessage) {}
  /// Nothing to do for a link that does not ask.
  package func brokerLinkHasNothingToGet(_ link: BrokerLink) {}
  /// Rejects it, so that the broker dead-letters it.
  package func brokerLink(_ link: BrokerLink, oversized message: OversizedMessage) {
    let envelope = message.envelope
    link.reject(envelope.deliveryTag, epoch: envelope.channelEpoch, requeue: false)
    link.flush()
  }
  /// Nothing to do for a link that does not publish.
  package func brokerLink(_ link: BrokerLink, confirmed tokens: [UInt64]) {}
  /// Nothing to do for a link that does not publish.
  package func brokerLink(_ link: BrokerLink, refused tokens: [UInt64]) {}
  /// Nothing to do for a link that does not publish.
  package func brokerLink(_ link: BrokerLink, returned message: ReturnedMessage) {}
  /// Nothing to do for a link that does not publish.
  package func brokerLink(_ link: BrokerLink, blocked reason: String?) {}
  /// Nothing to do.
  package func brokerLink(_ link: BrokerLink, isConsuming: Bool) {}
  /// Nothing to do for a link that has one channel.
  package func brokerLinkGaveBack(_ link: BrokerLink) {}
  /// Nothing to do.
  package func brokerLinkDidRead(_ link: BrokerLink) {}
  /// Nothing to do.
  package func brokerLinkIsWritable(_ link: BrokerLink) {}
  /// Nothing to do.
  package func brokerLinkDidStop(_ link: BrokerLink) {}
}
