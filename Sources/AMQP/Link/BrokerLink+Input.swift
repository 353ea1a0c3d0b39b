internal import Logging
internal import NIOCore

extension BrokerLink {
  /// Bytes have come: cut them into frames, in place where a whole frame is there.
  func read(_ input: ByteBuffer) {
    machine.clock.now = now
    machine.clock.received()
    if carry.readableBytes == 0 {
      let used = process(input)
      guard used < input.readableBytes, context != nil else { return }
      var rest = input
      rest.moveReaderIndex(forwardBy: used)
      carry.writeBuffer(&rest)
    } else {
      carry.writeImmutableBuffer(input)
      let used = process(carry)
      guard context != nil else { return }
      carry.moveReaderIndex(forwardBy: used)
      if carry.readableBytes == 0 { carry.clear() } else { carry.discardReadBytes() }
    }
  }

  /// - Returns: how many bytes were whole frames.
  private func process(_ input: ByteBuffer) -> Int {
    input.withUnsafeReadableBytes { bytes in
      var used = 0
      let generation = generation
      while true {
        let rest = UnsafeRawBufferPointer(rebasing: bytes[used...])
        switch FrameScanner.next(in: rest, maximumBytes: machine.frameMaxBytes) {
        case .needsMore:
          return used
        case .malformed(let error):
          execute(machine.violation(error))
          return bytes.count
        case .frame(let frame, let length):
          used += length
          execute(machine.receive(frame))
          // What was told may have ended this connection, or begun another.
          guard self.generation == generation, context != nil else { return bytes.count }
        }
      }
    }
  }

  /// What one read brought has been processed.
  func readComplete() {
    reportConfirms()
    delegate?.brokerLinkDidRead(self)
    flushOutbound()
    rearm()
  }

  /// Tells what has been confirmed since the last time, in one call for all of it.
  func reportConfirms() {
    if !machine.confirmedTokens.isEmpty {
      // Taken out, so that nothing is told twice, whatever the owner does now; the memory goes
      // back.
      var tokens: [UInt64] = []
      swap(&tokens, &machine.confirmedTokens)
      delegate?.brokerLink(self, confirmed: tokens)
      if machine.confirmedTokens.isEmpty {
        tokens.removeAll(keepingCapacity: true)
        swap(&tokens, &machine.confirmedTokens)
      }
    }
    if !machine.refusedTokens.isEmpty {
      let tokens = machine.refusedTokens
      machine.refusedTokens.removeAll(keepingCapacity: true)
      delegate?.brokerLink(self, refused: tokens)
    }
  }

  /// Carries out what the machine decided.
  @inline(__always)
  func execute(_ action: ConnectionAction) {
    switch action {
    case .none: return
    case .message(let message): delegate?.brokerLink(self, received: message)
    default: executeControl(action)
    }
  }

  private func executeControl(_ action: ConnectionAction) {
    switch action {
    case .none, .message:
      execute(action)
    case .sendProtocolHeader:
      outbound.writeBytes([0x41, 0x4D, 0x51, 0x50, 0, 0, 9, 1])
    case .sendHeartbeat:
      MethodEncoder.writeHeartbeat(into: &outbound)
    case .send(let method, let channel):
      do {
        try encoder.write(method, channel: channel, into: &outbound)
      } catch {
        disconnected(error)
      }
    case .event(let event):
      handle(event)
    case .several(let actions):
      let generation = generation
      for action in actions where self.generation == generation { execute(action) }
    }
  }

  private func handle(_ event: ConnectionEvent) {
    switch event {
    case .opened:
      addresses.succeeded()
      logger.debug("Logged in to the broker")
    case .ready(let epoch):
      becameReady(epoch)
    case .channelLost(let error, let unconfirmed):
      channelLost(error, unconfirmed)
    case .nothingToGet:
      delegate?.brokerLinkHasNothingToGet(self)
    case .consuming(let isConsuming):
      delegate?.brokerLink(self, isConsuming: isConsuming)
    case .gaveBack:
      delegate?.brokerLinkGaveBack(self)
    case .returned(let message):
      delegate?.brokerLink(self, returned: message)
    case .oversized(let message):
      delegate?.brokerLink(self, oversized: message)
    case .blocked(let reason):
      logger.warning("The broker blocks publishers", metadata: [LogKey.reason: "\(reason)"])
      delegate?.brokerLink(self, blocked: reason)
    case .unblocked:
      logger.info("The broker no longer blocks publishers")
      delegate?.brokerLink(self, blocked: nil)
    case .answered(let call, let result):
      callbacks.removeValue(forKey: call)?(result)
    case .closed(let error, let unconfirmed):
      closed(error, unconfirmed)
    }
  }

  private func becameReady(_ epoch: UInt32) {
    hasBeenReady = true
    announcedEpoch = epoch
    readySince = now
    logger.info("Ready", metadata: [LogKey.channelEpoch: "\(epoch)"])
    delegate?.brokerLink(self, isReady: epoch)
  }
}
