extension ConnectionMachine {
  /// Methods on channel 0: login, tuning, blocking, closing.
  mutating func receiveOnConnection(_ method: ServerMethod) -> ConnectionAction {
    switch (state, method) {
    case (_, .close(let code, let text)):
      let isLogin = state != .open && state != .closing
      let error = AMQPError(replyCode: code, text: text, duringLogin: isLogin)
      let wasAsked = state == .closing && isClosingGracefully
      return .send(.closeOk, channel: 0).then(end(wasAsked ? nil : error))
    case (.awaitingStart, .start(let mechanisms)):
      return start(mechanisms)
    case (.awaitingTune, .tune(let channelMax, let frameMax, let heartbeatSeconds)):
      return tune(channelMax, frameMax, heartbeatSeconds)
    case (.awaitingTune, .secure):
      return violation(
        AMQPError(.noCommonMechanism, "The broker asks for more than PLAIN or EXTERNAL gives"))
    case (.awaitingOpenOk, .openOk):
      state = .open
      clock.answered(.connection)
      return .event(.opened).then(reopen())
    case (.open, .blocked(let reason)):
      isBlocked = true
      return .event(.blocked(reason: reason))
    case (.open, .unblocked):
      isBlocked = false
      return .event(.unblocked)
    case (.closing, .closeOk):
      return end(nil)
    case (.closing, _), (.closed, _):
      return .none
    default:
      return unexpected("a connection method")
    }
  }

  /// Closes work channel and connection, each with its answer awaited: the broker has then handled
  /// every acknowledgement sent before. The owner flushes those first. What retired channels hold
  /// is given back with the connection, in no particular order.
  mutating func closeGracefully() -> ConnectionAction {
    guard state == .open else { return lost(AMQPError(.stopped, "Stopped")) }
    isClosingGracefully = true
    isWorkSetUp = false
    switch work {
    case .closing:
      return .none
    case .closed:
      return closeConnection()
    default:
      work = .closing(thenReopen: false)
      clock.expect(.work)
      return .send(.channelClose(code: 200, text: "done"), channel: workChannel)
    }
  }

  mutating func closeConnection() -> ConnectionAction {
    state = .closing
    clock.expect(.connection)
    return .send(.close(code: 200, text: "done"), channel: 0)
  }

  /// Carries out what time demands. Called at `clock.next` or later, with `clock.now` set.
  mutating func tick() -> ConnectionAction {
    switch clock.ring() {
    case nil:
      return .none
    case .sendHeartbeat:
      return .sendHeartbeat
    case .peerIsSilent:
      return lost(
        AMQPError(.heartbeatTimeout, "Nothing came from the broker for two heartbeat times"))
    case .callTimedOut:
      return lost(AMQPError(.callTimeout, "The broker did not answer a call in time"))
    }
  }

  private mutating func start(_ mechanisms: [String]) -> ConnectionAction {
    let mechanism: String
    let response: [UInt8]
    switch plan.login {
    case .plain(let username, let password):
      mechanism = "PLAIN"
      response = [0] + Array(username.utf8) + [0] + Array(password.value.utf8)
    case .external:
      mechanism = "EXTERNAL"
      response = []
    }
    guard mechanisms.contains(mechanism) else {
      return end(
        AMQPError(
          .noCommonMechanism, "The broker does not offer login by \(mechanism)",
          advice: "enable the mechanism at the broker or configure the other one"))
    }
    state = .awaitingTune
    clock.expect(.connection)
    return .send(
      .startOk(
        ClientMethod.StartOk(
          mechanism: mechanism, response: response, connectionName: plan.connectionName,
          product: plan.product, version: plan.version)),
      channel: 0)
  }

  private mutating func tune(
    _ channelMax: UInt16, _ frameMax: UInt32, _ heartbeatSeconds: UInt16
  ) -> ConnectionAction {
    // Zero means "no limit" in all three.
    guard frameMax == 0 || frameMax >= AMQPLimits.frameMinBytes,
      channelMax == 0 || channelMax >= Self.controlChannel
    else {
      return end(
        AMQPError(
          .notAllowed, "The broker allows frames of \(frameMax) bytes on \(channelMax) channels",
          advice: "allow frames of at least 4096 bytes and two channels"))
    }
    let frames = frameMax == 0 ? plan.frameMaxBytes : min(frameMax, plan.frameMaxBytes)
    let beat = plan.heartbeatSeconds
    let heartbeat =
      heartbeatSeconds == 0 ? beat : beat == 0 ? heartbeatSeconds : min(heartbeatSeconds, beat)
    frameMaxBytes = Int(frames)
    channels.max = channelMax == 0 ? plan.channelMax : min(channelMax, plan.channelMax)
    state = .awaitingOpenOk
    clock.startHeartbeats(seconds: heartbeat)
    clock.expect(.connection)
    return .several([
      .send(
        .tuneOk(
          channelMax: channels.max, frameMax: frames, heartbeatSeconds: heartbeat),
        channel: 0),
      .send(.open(vhost: plan.vhost), channel: 0),
    ])
  }
}
