extension ConnectionMachine {
  /// Deliveries, returns and confirms: the methods that come by the thousand. nil for the others.
  @inline(__always)
  mutating func receiveContentMethod(
    _ number: UInt32, _ arguments: UnsafeRawBufferPointer
  ) -> ConnectionAction? {
    switch number {
    case ServerMethod.basicDeliver: deliver(arguments)
    case ServerMethod.basicAck: confirm(arguments, isRefusal: false)
    case ServerMethod.basicNack: confirm(arguments, isRefusal: true)
    case ServerMethod.basicReturn: returned(arguments)
    case ServerMethod.basicGetOk: got(arguments)
    default: nil
    }
  }

  /// Whether content frames on this channel belong to a message that has begun.
  @inline(__always)
  func isContentExpected(_ frame: Frame) -> Bool {
    frame.channel == workChannel && assembler.isBusy
  }

  /// Content that belongs to nothing: the rest of a message on a channel that we have closed is
  /// passed over, everything else breaks the protocol.
  mutating func stray(_ frame: Frame) -> ConnectionAction {
    if frame.channel == workChannel, isWorkClosing || state == .closing { return .none }
    if isPassedOver(frame.channel) { return .none }
    return unexpected("content")
  }

  mutating func content(_ step: ContentAssembler.Step) -> ConnectionAction {
    switch step {
    case .needsMore: .none
    case .message(let message): .message(message)
    case .oversized(let message): .event(.oversized(message))
    case .returned(let message): .event(.returned(message))
    case .malformed(let error): violation(error)
    }
  }

  private var isWorkClosing: Bool {
    if case .closing = work { true } else { false }
  }

  private mutating func deliver(_ arguments: UnsafeRawBufferPointer) -> ConnectionAction {
    guard !isWorkClosing else { return .none }
    guard work != .closed, !assembler.isBusy else { return unexpected("a delivery") }
    guard let method = DeliverMethod(arguments),
      let consumer = consumer(ofTag: method.consumerTag),
      acks.delivered(method.deliveryTag)
    else {
      return violation(AMQPError(.malformedFrame, "A delivery makes no sense"))
    }
    assembler.begin(method, consumer: consumer, epoch: epoch)
    return .none
  }

  private mutating func returned(_ arguments: UnsafeRawBufferPointer) -> ConnectionAction {
    guard !isWorkClosing else { return .none }
    guard work != .closed, !assembler.isBusy else { return unexpected("a return") }
    guard let method = ReturnMethod(arguments) else {
      return violation(AMQPError(.malformedFrame, "A return makes no sense"))
    }
    assembler.begin(method, epoch: epoch)
    return .none
  }

  private mutating func confirm(
    _ arguments: UnsafeRawBufferPointer, isRefusal: Bool
  ) -> ConnectionAction {
    guard !isWorkClosing else { return .none }
    guard let method = ConfirmMethod(arguments) else {
      return violation(AMQPError(.malformedFrame, "A confirm makes no sense"))
    }
    let isKnown =
      isRefusal
      ? confirms.settle(method.deliveryTag, isMultiple: method.isMultiple, into: &refusedTokens)
      : confirms.settle(method.deliveryTag, isMultiple: method.isMultiple, into: &confirmedTokens)
    return isKnown
      ? .none
      : violation(AMQPError(.unexpectedFrame, "The broker confirmed what was never published"))
  }

}
