internal import Logging
internal import NIOCore

extension BrokerLink {
  /// The channel is gone and the connection is not: set the channel up again after a while.
  func channelLost(_ error: AMQPError, _ unconfirmed: [UInt64]) {
    reportLoss(error, unconfirmed)
    guard !isStopping else { return }
    if error.isPermanent && !hasBeenReady {
      // Nothing on this connection can help: take leave of the broker and say so.
      execute(.send(.close(code: 200, text: "giving up"), channel: 0))
      return disconnected(error)
    }
    // A channel that we closed ourselves is opened again at once.
    let delay =
      error.code == .stopped ? 0 : backoff.nextDelaySeconds(random: .random(in: 0..<1))
    logger.warning(
      "The channel was lost, opening another",
      metadata: [LogKey.error: "\(error)", LogKey.retrySeconds: "\(delay)"])
    scheduleRetry(seconds: delay)
    delegate?.brokerLink(self, failed: error, retryAfterSeconds: delay)
  }

  /// Tries again after a while: another channel where the connection lives, else another
  /// connection.
  func scheduleRetry(seconds: Double) {
    isRetryDue = true
    let generation = generation
    schedule(&retryTask, seconds: seconds) {
      guard self.generation == generation, self.isRetryDue else { return }
      self.isRetryDue = false
      guard self.context != nil else { return self.connect() }
      self.machine.clock.now = self.now
      self.execute(self.machine.reopen())
      self.flushOutbound()
      self.rearm()
    }
  }

  /// The socket is closed or cannot be used any more.
  func disconnected(_ error: AMQPError) {
    machine.clock.now = now
    execute(machine.lost(error))
  }

  /// The connection is over: close the socket once what was encoded has left, and go on.
  func closed(_ error: AMQPError?, _ unconfirmed: [UInt64]) {
    reportConfirms()
    generation += 1
    ringTask?.cancel()
    ringAt = .max
    holeTask?.cancel()
    holeTask = nil
    retryTask?.cancel()
    isRetryDue = false
    if let context {
      if outbound.readableBytes > 0, context.channel.isActive {
        let last = outbound
        context.writeAndFlush(NIOAny(last), promise: nil)
      }
      outbound.clear()
      self.context = nil
      context.close(promise: nil)
    }
    let failure = error ?? AMQPError(.stopped, "The link was stopped")
    reportLoss(failure, unconfirmed)
    if isStopping {
      stopped()
    } else {
      attemptFailed(failure)
    }
  }

  /// Says that an epoch is over, once for each that was announced.
  private func reportLoss(_ error: AMQPError, _ unconfirmed: [UInt64]) {
    if let readySince, now &- readySince > UInt64(AMQPLimits.healthySeconds * 1e9) {
      backoff.reset()
    }
    readySince = nil
    settledSinceFlush = 0
    guard let epoch = announcedEpoch else { return }
    announcedEpoch = nil
    reportConfirms()
    logger.debug(
      "The channel is gone",
      metadata: [
        LogKey.channelEpoch: "\(epoch)", LogKey.unconfirmed: "\(unconfirmed.count)",
      ])
    delegate?.brokerLink(self, lost: epoch, error, unconfirmed: unconfirmed)
  }

  /// Nothing more will happen.
  func stopped() {
    if case .stopped = phase { return }
    phase = .stopped
    generation += 1
    stopTask?.cancel()
    ringTask?.cancel()
    retryTask?.cancel()
    logger.info("The link has stopped")
    delegate?.brokerLinkDidStop(self)
  }
}
