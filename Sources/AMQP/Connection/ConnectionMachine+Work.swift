extension ConnectionMachine {
  /// Sets the work channel up again: topology, channel, confirms, consumers. Called by the owner
  /// after `channelLost`, when its backoff has passed.
  mutating func reopen() -> ConnectionAction {
    guard state == .open else { return .none }
    switch work {
    case .closed:
      guard !calls.contains(where: { $0.number == Self.setupCall }) else { return .none }
      return plan.topology.isEmpty ? openWork() : call(Self.setupCall, plan.topology)
    case .closing:
      work = .closing(thenReopen: true)
      return .none
    default:
      return .none
    }
  }

  /// Closes the work channel, which gives everything unacknowledged back to the broker. It stays
  /// closed until `reopen`.
  mutating func closeWork(_ error: AMQPError) -> ConnectionAction {
    guard state == .open else { return .none }
    switch work {
    case .closed, .closing: return .none
    default: break
    }
    let goodbye: ConnectionAction = .send(
      .channelClose(code: 200, text: "starting again"), channel: workChannel)
    let lost = workLost(error)
    work = .closing(thenReopen: false)
    clock.expect(.work)
    return goodbye.then(lost)
  }

  /// Control methods on the work channel.
  mutating func receiveOnWork(_ method: ServerMethod) -> ConnectionAction {
    if case .channelClose(let code, let text) = method { return closedByBroker(code, text) }
    switch (work, method) {
    case (.closing(let thenReopen), .channelCloseOk):
      work = .closed
      clock.answered(.work)
      if isClosingGracefully { return closeConnection() }
      return thenReopen ? reopen() : .none
    case (.closing, _), (_, .channelCloseOk):
      // The second: the answer to a close of ours that crossed one of the broker's.
      return .none
    case (_, .channelFlow(let isActive)):
      return .send(.channelFlowOk(isActive: isActive), channel: workChannel)
    case (_, .cancel) where work != .closed:
      // Never answered by cancel-ok: brokers up to 4.2 close the connection on it, and 4.3 keeps
      // the queue waiting without. Closing the channel is right on all of them.
      return closeWork(.queueIsGone)
    case (.ready, .getEmpty) where isGetting:
      isGetting = false
      return .event(.nothingToGet)
    case (.opening, .channelOpenOk):
      return opened()
    case (.selectingConfirms, .confirmSelectOk):
      return startConsumers()
    case (.settingPrefetch(let consumer), .qosOk):
      return consume(consumer)
    case (.consuming(let consumer), .consumeOk):
      return consumes(consumer)
    case (.cancelling(let consumer), .cancelOk):
      return consumer + 1 < consumers.count ? cancel(consumer + 1) : cancelled()
    case (.replacing(let consumer), .cancelOk):
      return setPrefetch(consumer)
    default:
      return state == .closing ? .none : unexpected("a method on the work channel")
    }
  }

  mutating func openWork() -> ConnectionAction {
    work = .opening
    clock.expect(.work)
    return .send(.channelOpen, channel: workChannel)
  }

  private mutating func opened() -> ConnectionAction {
    epoch &+= 1
    acks = AckCoalescer()
    isConsuming = false
    isWorkSetUp = false
    isGetting = false
    if plan.publishes {
      work = .selectingConfirms
      clock.expect(.work)
      return .send(.confirmSelect, channel: workChannel)
    }
    return startConsumers()
  }

  private mutating func closedByBroker(_ code: UInt16, _ text: String) -> ConnectionAction {
    let goodbye: ConnectionAction = .send(.channelCloseOk, channel: workChannel)
    clock.answered(.work)
    switch work {
    case .closing(let thenReopen):
      // Both closed at the same time; our own close-ok may still come and is not expected to
      // (AMQP 0-9-1: after sending close, everything but close and close-ok is discarded).
      work = .closed
      if isClosingGracefully { return goodbye.then(closeConnection()) }
      return goodbye.then(thenReopen ? reopen() : .none)
    case .closed:
      return goodbye
    default:
      let error = AMQPError(replyCode: code, text: text, duringLogin: false)
      let lost = workLost(error)
      work = .closed
      return goodbye.then(lost)
    }
  }

  private mutating func workLost(_ error: AMQPError) -> ConnectionAction {
    isConsuming = false
    isWorkSetUp = false
    isGetting = false
    channels.isNextWanted = false
    channels.isReturnWanted = false
    assembler.reset()
    return .event(.channelLost(error, unconfirmed: confirms.removeAll()))
  }
}
