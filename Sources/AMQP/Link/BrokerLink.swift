package import Logging
package import NIOCore

/// One self-healing connection to the broker on one event loop: connect, log in, topology,
/// channel, confirms, consumers, ready; and the same again whenever it is lost, with backoff.
///
/// The owner makes it, calls it and is called back on that event loop only (a call from elsewhere
/// traps). Decisions are `ConnectionMachine`'s; this class owns socket, buffers and timers.
package final class BrokerLink {
  enum Phase {
    case idle
    case waiting
    case connecting
    case connected
    case stopping
    case stopped
  }

  /// The event loop that owns the link.
  package let eventLoop: any EventLoop
  let options: BrokerOptions
  let role: LinkRole
  let logger: Logger
  /// Who is told; to be set before `start`. The link does not keep its owner alive.
  package weak var delegate: (any BrokerLinkDelegate)?

  var phase = Phase.idle
  var machine: ConnectionMachine
  var addresses: AddressList
  var backoff = ReconnectBackoff()
  /// Counts connections, so that what an old one still says is not heard.
  var generation: UInt64 = 0
  var context: ChannelHandlerContext?
  /// Encoded and not yet handed to the socket.
  var outbound: ByteBuffer
  /// Empty: takes the place of `outbound` while that leaves.
  var spare = ByteBuffer()
  /// The start of a frame whose end has not come.
  var carry: ByteBuffer
  let encoder = MethodEncoder()
  var acks: [AckCoalescer.Ack] = []
  var settledSinceFlush = 0
  var readySince: UInt64?
  /// Whether the link was ever ready: from then on no error makes it give up.
  var hasBeenReady = false
  /// The epoch that `isReady` was told of and `lost` was not.
  var announcedEpoch: UInt32?
  var isIntakePauseWanted = false
  var isIntakePaused = false
  var nextCall = 1
  var callbacks: [Int: (Result<[TopologyAnswer], AMQPError>) -> Void] = [:]
  var ringTask: Scheduled<Void>?
  var ringAt = UInt64.max
  var holeTask: Scheduled<Void>?
  var retryTask: Scheduled<Void>?
  var isRetryDue = false
  var stopTask: Scheduled<Void>?
  /// Makes no connection until it is let go.
  var isHeld = false

  /// Makes a link; nothing happens before `start`. To be called on the event loop.
  package init(
    options: BrokerOptions, role: LinkRole, eventLoop: any EventLoop, logger: Logger
  ) {
    eventLoop.preconditionInEventLoop()
    AMQPLimits.check()
    self.options = options
    self.role = role
    self.eventLoop = eventLoop
    self.logger = logger
    var generator = SystemRandomNumberGenerator()
    addresses = AddressList(options.addresses, using: &generator)
    var plan = ConnectionPlan(login: .external)
    plan.consumers = role.consumers
    machine = ConnectionMachine(plan: plan, wantsConsuming: role.startsConsuming)
    outbound = ByteBufferAllocator().buffer(capacity: AMQPLimits.flushBytes * 2)
    carry = ByteBufferAllocator().buffer(capacity: AMQPLimits.readBufferBytes)
  }

  /// The incarnation of the channel: it grows with every new one.
  package var epoch: UInt32 { machine.epoch }
  /// Whether publishing and settling are possible.
  package var isReady: Bool { machine.isReady }
  /// Whether the broker delivers to our consumers.
  package var isConsuming: Bool { machine.isConsuming }
  /// Whether the broker blocks publishers.
  package var isBlocked: Bool { machine.isBlocked }
  /// The largest frame that this connection carries, in bytes: what the broker and we agreed on.
  /// Properties and headers of a message have to fit into one.
  package var frameMaxBytes: Int { machine.frameMaxBytes }
  /// Publishes that the broker has neither confirmed nor refused.
  package var unconfirmedCount: Int { machine.confirms.count }
  /// Deliveries that have not been settled.
  package var unsettledCount: Int { machine.acks.openCount }

  /// Whether more may be published now: false while more than 1 MiB waits for the socket, until
  /// `brokerLinkIsWritable`. Publishing nevertheless is possible, and buffered.
  package var isWritable: Bool {
    guard let context else { return false }
    return context.channel.isWritable && outbound.readableBytes < AMQPLimits.outboundHighWaterBytes
  }

  /// Bytes that are encoded and that the socket has not taken.
  package var pendingBytes: Int {
    let queued = try? context?.channel.syncOptions?.getOption(.bufferedWritableBytes)
    return outbound.readableBytes + (queued ?? 0)
  }

  /// Begins to connect. Once.
  package func start() {
    eventLoop.preconditionInEventLoop()
    precondition(isIdle, "A link is started once")
    precondition(delegate != nil, "A link needs somebody to tell")
    if isHeld { phase = .waiting } else { connect() }
  }

  var isIdle: Bool {
    if case .idle = phase { true } else { false }
  }

  /// Whether the link is on its way out, or out.
  var isStopping: Bool {
    switch phase {
    case .stopping, .stopped: true
    default: false
    }
  }

  /// Nanoseconds of the event loop's clock.
  var now: UInt64 { NIODeadline.now().uptimeNanoseconds }
}
