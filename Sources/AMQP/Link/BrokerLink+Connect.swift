internal import Logging
internal import NIOCore
internal import NIOPosix
internal import NIOSSL

extension BrokerLink {
  /// Opens a connection to the current address.
  func connect() {
    guard !isStopping, !isHeld else { return }
    phase = .connecting
    isRetryDue = false
    generation += 1
    let generation = generation
    let address = addresses.current
    let options = options
    logger.debug(
      "Connecting to the broker", metadata: [LogKey.brokerAddress: "\(address)"])
    // Files and certificates may be slow to read: not on the event loop.
    NIOThreadPool.singleton.runIfActive(eventLoop: eventLoop) {
      try PreparedConnection(options, address)
    }.assumeIsolated().whenComplete { result in
      guard self.generation == generation, !self.isStopping else { return }
      switch result {
      case .success(let prepared):
        self.open(address, prepared)
      case .failure(let error):
        self.attemptFailed(AMQPError(connectError: error, address: address))
      }
    }
  }

  private func open(_ address: BrokerAddress, _ prepared: PreparedConnection) {
    let plan = plan(address, prepared)
    let prefetches = machine.wantedPrefetches
    machine = ConnectionMachine(
      plan: plan, epoch: machine.epoch, wantsConsuming: machine.wantsConsuming)
    machine.wantedPrefetches = prefetches
    let generation = generation
    let name = options.tls.serverName ?? (address.host.isIPAddress ? nil : address.host)
    let link = NIOLoopBound(self, eventLoop: eventLoop)
    let bootstrap = ClientBootstrap(group: eventLoop)
      .connectTimeout(.nanoseconds(Int64(options.callTimeoutNanoseconds)))
      .channelOption(.tcpOption(.tcp_nodelay), value: 1)
      .channelOption(.socketOption(.so_keepalive), value: 1)
      .channelOption(
        .writeBufferWaterMark,
        value: .init(low: AMQPLimits.outboundLowWaterBytes, high: AMQPLimits.outboundHighWaterBytes)
      )
      .channelOption(
        .recvAllocator,
        value: AdaptiveRecvByteBufferAllocator(
          minimum: 4096, initial: 16384, maximum: AMQPLimits.readBufferBytes)
      )
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let pipeline = channel.pipeline.syncOperations
          if let tls = prepared.tls {
            try pipeline.addHandler(Self.tlsHandler(tls, name))
          }
          try pipeline.addHandler(LinkHandler(link.value, generation: generation))
        }
      }
    bootstrap.connect(host: address.host, port: address.port)
      .assumeIsolated().whenComplete { result in
        guard self.generation == generation else {
          if case .success(let channel) = result { channel.close(promise: nil) }
          return
        }
        if case .failure(let error) = result {
          self.attemptFailed(AMQPError(connectError: error, address: address))
        }
      }
  }

  private static func tlsHandler(
    _ tls: NIOSSLContext, _ name: String?
  ) throws -> NIOSSLClientHandler {
    guard let name else {
      // The certificate is verified against the address connected to.
      return try NIOSSLClientHandler(context: tls, serverHostname: nil)
    }
    return try NIOSSLClientHandler._makeSSLClientHandler(context: tls, serverHostname: name) {
      CertificateName.verify($0, name: name, on: $1.eventLoop)
    }
  }

  private func plan(_ address: BrokerAddress, _ prepared: PreparedConnection) -> ConnectionPlan {
    let login: ConnectionPlan.Login
    switch options.login {
    case .password: login = .plain(username: prepared.username, password: prepared.password)
    case .certificate: login = .external
    }
    var plan = ConnectionPlan(login: login)
    plan.vhost = address.vhost ?? options.vhost
    plan.connectionName = options.connectionName
    plan.version = options.version
    plan.heartbeatSeconds = options.heartbeatSeconds
    plan.maximumBodyBytes = options.maximumBodyBytes
    plan.callTimeoutNanoseconds = options.callTimeoutNanoseconds
    plan.topology = role.topology
    plan.consumers = role.consumers
    plan.publishes = role.publishes
    if let most = role.mostChannels { plan.channelMax = most }
    return plan
  }

  /// The socket is connected (for TLS: before its handshake, which the deadline covers).
  func connected(_ context: ChannelHandlerContext) {
    guard self.context == nil else { return }
    self.context = context
    phase = .connected
    outbound.clear()
    carry.clear()
    isIntakePaused = false
    machine.clock.now = now
    execute(machine.connected())
    flushOutbound()
    rearm()
  }

  /// The attempt, or the connection before it was ready, failed: give up or try again.
  func attemptFailed(_ error: AMQPError) {
    guard !isStopping else { return stopped() }
    if isHeld {
      phase = .waiting
      return
    }
    let triedAll = addresses.failed()
    if error.isPermanent && !hasBeenReady {
      phase = .stopped
      generation += 1
      logger.error(
        "The broker refuses us", metadata: [LogKey.error: "\(error)"])
      delegate?.brokerLink(self, failed: error, retryAfterSeconds: nil)
      return
    }
    let delay = triedAll ? backoff.nextDelaySeconds(random: .random(in: 0..<1)) : 0
    phase = .waiting
    generation += 1
    logger.warning(
      "The broker cannot be used, trying again",
      metadata: [LogKey.error: "\(error)", LogKey.retrySeconds: "\(delay)"])
    scheduleRetry(seconds: delay)
    delegate?.brokerLink(self, failed: error, retryAfterSeconds: delay)
  }
}

extension String {
  /// Whether it is an address in digits, which has no name to send as SNI.
  var isIPAddress: Bool {
    (try? SocketAddress(ipAddress: self, port: 0)) != nil
  }
}
