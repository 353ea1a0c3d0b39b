internal import NIOCore

extension BrokerLink {
  /// Starts or stops consuming on the channel as it is; `isConsuming` tells when it is done. What
  /// is unsettled stays ours. The wish outlives reconnects.
  package func setConsuming(_ wanted: Bool) {
    eventLoop.preconditionInEventLoop()
    act { $0.setConsuming(wanted) }
  }

  /// Lets a running consumer (its number in the role) have so many messages unacknowledged at a
  /// time: 1 to 2000. What it has now stays ours, and does not count towards that number. The wish
  /// outlives reconnects; on the way to it nothing is delivered for two round trips, and nothing
  /// is told.
  package func setPrefetch(_ prefetch: UInt16, ofConsumer consumer: Int = 0) {
    eventLoop.preconditionInEventLoop()
    precondition(role.consumers.indices.contains(consumer), "This link has no such consumer")
    act { $0.setPrefetch(prefetch, of: consumer) }
  }

  /// Makes the next attempt after this time, in place of what the backoff says. Only while the
  /// link waits for one, as it does when `failed` is told; else nothing happens.
  package func retry(afterSeconds seconds: Double) {
    eventLoop.preconditionInEventLoop()
    guard isRetryDue, !isStopping else { return }
    scheduleRetry(seconds: seconds)
  }

  /// Gives back everything unsettled at once by closing the channel; another one, with a new
  /// epoch, is opened at once. `lost` and `isReady` are told as for any other loss.
  package func releaseUnsettled() {
    eventLoop.preconditionInEventLoop()
    encodeAcks()
    act {
      $0.closeWork(AMQPError(.stopped, "The channel was closed to give its messages back"))
    }
  }

  /// Gives a ready link's connection up, as if it were lost, and makes another: the broker stands
  /// still on this one. `lost` and `isReady` are told as for any other loss.
  package func abandon() {
    eventLoop.preconditionInEventLoop()
    guard isReady else { return }
    disconnected(
      AMQPError(
        .callTimeout, "The broker stood still on this connection",
        advice: "look whether the nodes that lead the delivery queues can be reached"))
  }

  /// Stops or resumes reading from the socket: for back-pressure by bytes. Only for a link that
  /// does not publish (confirms must always be read). While an answer of the broker is awaited,
  /// reading goes on.
  package func pauseIntake(_ paused: Bool) {
    eventLoop.preconditionInEventLoop()
    precondition(!role.publishes, "A publishing link always reads")
    isIntakePauseWanted = paused
    rearm()
  }

  /// Runs topology operations on the control channel of a ready link, in order, and answers once:
  /// with the answers, or the first refusal. Never disturbs publishing and consuming.
  package func perform(
    _ operations: [TopologyOperation],
    completion: @escaping (Result<[TopologyAnswer], AMQPError>) -> Void
  ) {
    eventLoop.preconditionInEventLoop()
    if let operation = operations.first(where: { !$0.fits }) {
      let error = AMQPError(
        .invalidOption, "A name of the topology is longer than 255 bytes: \(operation)")
      return completion(.failure(error))
    }
    let call = nextCall
    nextCall += 1
    callbacks[call] = completion
    act { $0.call(call, operations) }
  }

  /// Asks a queue for its first ready message: `received` or `brokerLinkHasNothingToGet` answers,
  /// when the queue does. One at a time; nothing happens on a link that is not ready.
  package func get(_ queue: String) {
    eventLoop.preconditionInEventLoop()
    precondition(queue.utf8.count <= AMQPLimits.shortStringBytes, "a queue's name has 255 bytes")
    act { $0.get(queue) }
  }

  /// Gives the connection up and makes no other until the link is let go: `lost` is told as for any
  /// loss. What the broker had not acknowledged or not confirmed is open again.
  package func hold() {
    eventLoop.preconditionInEventLoop()
    guard !isHeld, !isStopping else { return }
    isHeld = true
    guard !isIdle else { return }
    retryTask?.cancel()
    isRetryDue = false
    if context != nil {
      disconnected(AMQPError(.stopped, "The link is held"))
    } else {
      // An attempt that is under way ends in nothing.
      phase = .waiting
      generation += 1
    }
  }

  /// The end of `hold`: connects at once.
  package func letGo() {
    eventLoop.preconditionInEventLoop()
    guard isHeld else { return }
    isHeld = false
    if case .waiting = phase { connect() }
  }

  /// Stops for good: sends what was settled, closes channel and connection, each with its answer
  /// awaited, so that no acknowledgement is lost; after the deadline without. Ends with
  /// `brokerLinkDidStop`.
  package func stop(deadlineSeconds: Double = 5) {
    eventLoop.preconditionInEventLoop()
    guard !isStopping else { return }
    let wasConnected = context != nil
    encodeAcks(waitsForHoles: false)
    phase = .stopping
    retryTask?.cancel()
    guard wasConnected else { return stopped() }
    schedule(&stopTask, seconds: deadlineSeconds) {
      self.disconnected(AMQPError(.stopped, "The broker did not answer before the deadline"))
    }
    act { $0.closeGracefully() }
  }

  func act(_ decide: (inout ConnectionMachine) -> ConnectionAction) {
    machine.clock.now = now
    let action = decide(&machine)
    execute(action)
    flushOutbound()
    rearm()
  }

  /// Sets the timer to the machine's next deadline, and reading to what it should be.
  func rearm() {
    guard context != nil else { return }
    let pauses = isIntakePauseWanted && !isStopping && !machine.clock.isAwaitingAnswer
    if pauses != isIntakePaused { setReading(!pauses) }
    let next = machine.clock.next
    guard next < ringAt else { return }
    ringTask?.cancel()
    ringAt = next
    let delay = next > now ? Double(next - now) / 1e9 : 0
    let generation = generation
    schedule(&ringTask, seconds: delay) {
      guard self.generation == generation else { return }
      self.ringAt = .max
      self.machine.clock.now = self.now
      self.execute(self.machine.tick())
      self.flushOutbound()
      self.rearm()
    }
  }

  private func setReading(_ reads: Bool) {
    guard let context else { return }
    isIntakePaused = !reads
    machine.clock.now = now
    machine.clock.setIntakePaused(!reads)
    try? context.channel.syncOptions?.setOption(.autoRead, value: reads)
  }

  /// Runs `body` on the event loop later, in place of what `task` was to run.
  func schedule(
    _ task: inout Scheduled<Void>?, seconds: Double, _ body: @escaping () -> Void
  ) {
    task?.cancel()
    let delay = TimeAmount.nanoseconds(Int64(seconds * 1e9))
    task = eventLoop.assumeIsolated().scheduleTask(in: delay) { body() }
  }
}
