// One message at a time, where a consumer would be too much: the queue is looked at, not consumed.
extension ConnectionMachine {
  /// Asks for the first ready message of a queue (`basic.get`): it comes as a delivery, or
  /// `nothingToGet` says that there is none. Nothing happens while the channel is not ready or
  /// another one is asked for.
  ///
  /// It has no deadline: a queue whose quorum is lost answers when it is back, and that is no
  /// reason to give the connection up.
  mutating func get(_ queue: String) -> ConnectionAction {
    guard work == .ready, state == .open, !isGetting else { return .none }
    isGetting = true
    return .send(.get(queue: queue), channel: workChannel)
  }

  /// The message is on its way.
  mutating func got(_ arguments: UnsafeRawBufferPointer) -> ConnectionAction {
    if case .closing = work { return .none }
    guard work != .closed, isGetting, !assembler.isBusy else { return unexpected("a message") }
    isGetting = false
    guard let method = GetOkMethod(arguments), acks.delivered(method.deliveryTag) else {
      return violation(AMQPError(.malformedFrame, "A message that was asked for makes no sense"))
    }
    assembler.begin(method, epoch: epoch)
    return .none
  }
}
