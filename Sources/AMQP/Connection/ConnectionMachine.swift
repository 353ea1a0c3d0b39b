internal import DequeModule

/// One AMQP connection as decisions only: frames and time go in, actions come out. It knows no
/// socket and no clock, so a test can play the broker step by step.
///
/// Two channels: *work* carries publishes, confirms, deliveries and acknowledgements; *control*
/// carries topology operations, because a refused one closes its channel. Where the plan allows
/// more, a work channel can be retired, with what it holds, and another one take its place.
struct ConnectionMachine: ~Copyable {
  static let firstWorkChannel: UInt16 = 1
  static let controlChannel: UInt16 = 2

  enum State: Equatable {
    case idle
    case awaitingStart
    case awaitingTune
    case awaitingOpenOk
    case open
    case closing
    case closed
  }

  enum WorkState: Equatable {
    case closed
    case opening
    case selectingConfirms
    case settingPrefetch(consumer: Int)
    case consuming(consumer: Int)
    case ready
    case cancelling(consumer: Int)
    /// One consumer gives way to another of the same queue, for a prefetch that has changed.
    case replacing(consumer: Int)
    /// The work channel stays; the oldest retired one is being closed.
    case givingBack
    /// `channel.close` has been sent; `thenReopen` when the owner has asked meanwhile.
    case closing(thenReopen: Bool)
  }

  enum ControlState: Equatable {
    case closed
    case opening
    case idle
    case calling
  }

  /// A list of operations that is answered as a whole; number 0 is the link's own topology.
  struct Call {
    let number: Int
    let operations: [TopologyOperation]
    var answers: [TopologyAnswer] = []
  }

  static let setupCall = 0

  let plan: ConnectionPlan
  let decoder = MethodDecoder()
  var state = State.idle
  var workChannel = Self.firstWorkChannel
  var channels = WorkChannels()
  var work = WorkState.closed
  var control = ControlState.closed
  var calls: Deque<Call> = []
  /// The incarnation of the work channel, counted on from connection to connection.
  var epoch: UInt32
  var wantsConsuming: Bool
  var isConsuming = false
  /// What the owner was last told of that.
  var toldConsuming = false
  var consumers: [RunningConsumer]
  /// The serial number of the newest consumer tag: see `consumerTag`.
  var tagSerial: UInt64 = 0
  var isWorkSetUp = false
  /// A `basic.get` has been sent and not answered.
  var isGetting = false
  var isClosingGracefully = false
  var isBlocked = false
  var frameMaxBytes = AMQPLimits.handshakeFrameMaxBytes
  var assembler: ContentAssembler
  var confirms = ConfirmWindow()
  var acks = AckCoalescer()
  /// Tokens of settled publishes, in the order they were settled: taken by the owner.
  var confirmedTokens: [UInt64] = []
  var refusedTokens: [UInt64] = []
  var clock = ConnectionClock()

  init(plan: ConnectionPlan, epoch: UInt32 = 0, wantsConsuming: Bool = true) {
    self.plan = plan
    self.epoch = epoch
    self.wantsConsuming = wantsConsuming
    consumers = plan.consumers.map { RunningConsumer(wantedPrefetch: $0.prefetch) }
    assembler = ContentAssembler(maximumBodyBytes: plan.maximumBodyBytes)
    clock.callTimeout = plan.callTimeoutNanoseconds
  }

  /// Whether messages can be published and settled now.
  var isReady: Bool { isWorkSetUp && state == .open }

  /// Whether the work channel takes acknowledgements and rejections: before it is ready, too, when
  /// one of several consumers is already delivering.
  var isSettling: Bool {
    guard state == .open else { return false }
    switch work {
    case .closed, .opening, .closing: return false
    default: return !isClosingGracefully
    }
  }

  /// The socket is connected.
  mutating func connected() -> ConnectionAction {
    precondition(state == .idle, "A connection is opened once")
    state = .awaitingStart
    clock.expect(.connection)
    return .sendProtocolHeader
  }

  /// A frame has come.
  @inline(__always)
  mutating func receive(_ frame: Frame) -> ConnectionAction {
    switch frame.kind {
    case .method:
      return receiveMethod(frame)
    case .header:
      guard isContentExpected(frame) else { return stray(frame) }
      return content(assembler.header(frame.payload))
    case .body:
      guard isContentExpected(frame) else { return stray(frame) }
      return content(assembler.body(frame.payload))
    case .heartbeat:
      return .none
    }
  }

  /// The socket is closed, or the input is malformed: nothing more can be said.
  mutating func lost(_ error: AMQPError) -> ConnectionAction {
    guard state != .closed else { return .none }
    let wasClosing = state == .closing && isClosingGracefully
    return end(wasClosing ? nil : error)
  }

  /// Notes a publish that has been encoded. Only when `isReady` and the plan publishes.
  @inline(__always)
  mutating func published(token: UInt64) {
    confirms.published(token)
  }

  private mutating func receiveMethod(_ frame: Frame) -> ConnectionAction {
    guard frame.payload.count >= 4 else {
      return violation(AMQPError(.malformedFrame, "A method frame has no method"))
    }
    let number = UInt32(bigEndian: frame.payload.loadUnaligned(as: UInt32.self))
    let arguments = UnsafeRawBufferPointer(rebasing: frame.payload[4...])
    if number >> 16 == 60, frame.channel == workChannel,
      let action = receiveContentMethod(number, arguments)
    {
      return action
    }
    guard let method = decoder.decode(number, arguments) else {
      return violation(AMQPError(.malformedFrame, "Method \(number >> 16).\(number & 0xFFFF)"))
    }
    return receive(method, channel: frame.channel)
  }

  /// A decoded control method has come.
  mutating func receive(_ method: ServerMethod, channel: UInt16) -> ConnectionAction {
    switch channel {
    case 0: receiveOnConnection(method)
    case workChannel: receiveOnWork(method)
    case Self.controlChannel: receiveOnControl(method)
    case 1..<workChannel: receiveOnFormer(method, channel: channel)
    default: unexpected("a method on channel \(channel)")
    }
  }

  /// Ends the connection at once, reporting `error` and everything that is lost with it.
  mutating func end(_ error: AMQPError?) -> ConnectionAction {
    state = .closed
    work = .closed
    control = .closed
    isConsuming = false
    isWorkSetUp = false
    clock.expectNothing()
    assembler.reset()
    let failure = error ?? AMQPError(.stopped, "The connection was closed")
    var actions: [ConnectionAction] = []
    for call in calls where call.number != Self.setupCall {
      actions.append(.event(.answered(call: call.number, .failure(failure))))
    }
    calls.removeAll()
    actions.append(.event(.closed(error, unconfirmed: confirms.removeAll())))
    return actions.count == 1 ? actions[0] : .several(actions)
  }

  /// The broker breaks the protocol: tell it, and end.
  mutating func violation(_ error: AMQPError) -> ConnectionAction {
    guard state != .closed else { return .none }
    let code: UInt16 = error.code == .unexpectedFrame ? 505 : 502
    let isOpen = state == .open || state == .closing
    let goodbye: ConnectionAction =
      isOpen ? .send(.close(code: code, text: "protocol violation"), channel: 0) : .none
    return goodbye.then(end(error))
  }

  mutating func unexpected(_ what: String) -> ConnectionAction {
    violation(AMQPError(.unexpectedFrame, "The broker sent \(what) when nothing asked for it"))
  }
}
