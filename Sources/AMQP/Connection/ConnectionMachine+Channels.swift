// A queue gives one consumer so many unacknowledged messages and no more. Who wants to hold more
// lets go of the full channel, with its consumer and what it holds, and goes on with another.
extension ConnectionMachine {
  /// Whether the connection may use another work channel. False before tuning.
  var hasAnotherChannel: Bool { channels.next(after: workChannel) != nil }
  var hasRetiredChannel: Bool { channels.oldest != workChannel }

  /// Leaves the work channel open with what it holds, where nothing can be settled any more, and
  /// opens another one with a consumer of the same queue: `ready` tells when it is there. The owner
  /// flushes acknowledgements first. Only when `hasAnotherChannel`.
  ///
  /// - Parameter passesOver: whether more may come on retired channels, to be held and shown to
  ///   nobody. When not, a message there ends the connection: it would be missed.
  mutating func beginChannel(prefetch: UInt16, passesOver: Bool) -> ConnectionAction {
    guard state == .open, hasAnotherChannel, !consumers.isEmpty else { return .none }
    channels.isNextWanted = true
    channels.passesOver = passesOver
    wantsConsuming = true
    consumers[0].wantedPrefetch = prefetch
    return catchUp()
  }

  /// Closes the oldest retired channel, which gives back what it holds: `gaveBack` tells when the
  /// broker has answered. Only when `hasRetiredChannel`.
  mutating func giveBackOldest() -> ConnectionAction {
    guard state == .open, hasRetiredChannel else { return .none }
    channels.isReturnWanted = true
    return catchUp()
  }

  mutating func retireWork() -> ConnectionAction {
    channels.isNextWanted = false
    guard let next = channels.next(after: workChannel) else { return .none }
    guard !assembler.isBusy || channels.passesOver else {
      return unexpected("more than the consumer may hold")
    }
    assembler.reset()
    workChannel = next
    isConsuming = false
    toldConsuming = false
    isWorkSetUp = false
    return openWork()
  }

  mutating func closeOldest() -> ConnectionAction {
    channels.isReturnWanted = false
    work = .givingBack
    clock.expect(.work)
    return .send(.channelClose(code: 200, text: "done"), channel: channels.oldest)
  }

  /// Whether content on this channel is none of our business.
  func isPassedOver(_ channel: UInt16) -> Bool {
    guard channel < workChannel, channel != Self.controlChannel, channel > 0 else { return false }
    return channels.passesOver || state == .closing
  }

  /// Methods on a channel that was the work channel once: retired, or closed since.
  mutating func receiveOnFormer(_ method: ServerMethod, channel: UInt16) -> ConnectionAction {
    switch method {
    case .channelClose(let code, let text):
      let goodbye: ConnectionAction = .send(.channelCloseOk, channel: channel)
      // Both closed at the same time.
      if work == .givingBack, channel == channels.oldest { return goodbye.then(gaveBack()) }
      return goodbye.then(closeWork(AMQPError(replyCode: code, text: text, duringLogin: false)))
    case .channelCloseOk:
      guard work == .givingBack, channel == channels.oldest else { return .none }
      return gaveBack()
    case .channelFlow(let isActive):
      return .send(.channelFlowOk(isActive: isActive), channel: channel)
    case .cancel:
      return closeWork(.queueIsGone)
    default:
      return isPassedOver(channel) ? .none : unexpected("a method on a retired channel")
    }
  }

  private mutating func gaveBack() -> ConnectionAction {
    channels.oldestIsClosed()
    work = .ready
    clock.answered(.work)
    return .event(.gaveBack).then(catchUp())
  }
}
