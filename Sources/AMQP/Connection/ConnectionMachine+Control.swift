internal import DequeModule

extension ConnectionMachine {
  /// Runs a list of operations on the control channel; `answered` tells how it went. The first
  /// refusal ends the list.
  mutating func call(_ number: Int, _ operations: [TopologyOperation]) -> ConnectionAction {
    guard state == .open else {
      return .event(.answered(call: number, .failure(AMQPError(.notReady, "Not connected"))))
    }
    guard !operations.isEmpty else { return .event(.answered(call: number, .success([]))) }
    calls.append(Call(number: number, operations: operations))
    switch control {
    case .closed: return openControl()
    case .idle: return nextOperation()
    case .opening, .calling: return .none
    }
  }

  /// Methods on the control channel.
  mutating func receiveOnControl(_ method: ServerMethod) -> ConnectionAction {
    switch (control, method) {
    case (_, .channelClose(let code, let text)):
      let refused = calls.first.flatMap { call in
        call.operations.dropFirst(call.answers.count).first
      }
      let error = AMQPError(
        replyCode: code, text: text, duringLogin: false, operation: refused)
      let goodbye: ConnectionAction = .send(.channelCloseOk, channel: Self.controlChannel)
      control = .closed
      clock.answered(.control)
      guard let call = calls.popFirst() else { return goodbye }
      let failed = answered(call, .failure(error))
      return goodbye.then(failed).then(calls.isEmpty ? .none : openControl())
    case (.opening, .channelOpenOk):
      control = .idle
      clock.answered(.control)
      return nextOperation()
    case (.calling, .topologyOk(let answer)):
      clock.answered(.control)
      calls[0].answers.append(answer)
      control = .idle
      guard calls[0].answers.count == calls[0].operations.count else { return nextOperation() }
      let call = calls.removeFirst()
      return answered(call, .success(call.answers)).then(nextOperation())
    case (_, .channelFlow(let isActive)):
      return .send(.channelFlowOk(isActive: isActive), channel: Self.controlChannel)
    default:
      return state == .closing ? .none : unexpected("a method on the control channel")
    }
  }

  private mutating func openControl() -> ConnectionAction {
    control = .opening
    clock.expect(.control)
    return .send(.channelOpen, channel: Self.controlChannel)
  }

  private mutating func nextOperation() -> ConnectionAction {
    guard control == .idle, let call = calls.first, state == .open else { return .none }
    control = .calling
    clock.expect(.control)
    return .send(
      .topology(call.operations[call.answers.count]), channel: Self.controlChannel)
  }

  private mutating func answered(
    _ call: Call, _ result: Result<[TopologyAnswer], AMQPError>
  ) -> ConnectionAction {
    guard call.number == Self.setupCall else {
      return .event(.answered(call: call.number, result))
    }
    switch result {
    case .success: return openWork()
    case .failure(let error): return .event(.channelLost(error, unconfirmed: []))
    }
  }
}
