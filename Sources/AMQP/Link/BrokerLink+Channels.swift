internal import NIOCore

// More than the broker lets one consumer hold: channels that stay open with what they hold, while
// another one takes what comes. Only for a link whose role has `mostChannels`.
extension BrokerLink {
  /// Whether this connection may open another channel: the broker has a limit, `channel_max`.
  package var hasAnotherChannel: Bool { machine.hasAnotherChannel }
  /// Whether channels beside the newest hold something.
  package var hasRetiredChannel: Bool { machine.hasRetiredChannel }

  /// Leaves the channel with what it holds, which can be settled no more, and opens another: a new
  /// epoch, with a consumer of the same queue. `isReady` tells when it is there. Only when
  /// `hasAnotherChannel`, and when the present consumer holds all that it may, or is cancelled.
  ///
  /// - Parameters:
  ///   - prefetch: how many messages the new one may hold: 1 to 2000.
  ///   - passesOver: whether a message that still comes on a former channel is held there and shown
  ///     to nobody. When not, it ends the connection.
  package func beginChannel(prefetch: UInt16, passesOver: Bool) {
    eventLoop.preconditionInEventLoop()
    precondition(role.consumers.count == 1 && !role.publishes, "This link has one channel")
    encodeAcks(waitsForHoles: false)
    act { $0.beginChannel(prefetch: prefetch, passesOver: passesOver) }
  }

  /// Gives back what the oldest channel holds, by closing it: `brokerLinkGaveBack` tells when the
  /// broker has answered. Only when `hasRetiredChannel`.
  package func giveBackOldest() {
    eventLoop.preconditionInEventLoop()
    act { $0.giveBackOldest() }
  }
}
