internal import AMQP
internal import Execution
internal import Logging

// What the control link sees, and what follows from it.
extension ShardRunner: ControlLinkOwner {
  func topologyChecked() {
    guard phase != .stopped else { return }
    if !hasTopology {
      hasTopology = true
      links.startOthers()
    }
    // Whoever waits for a queue that is there again need not wait for its backoff.
    for inlet in Inlet.allCases where consumers[inlet].isWithoutQueue {
      consumers[inlet].isWithoutQueue = false
      links[inlet].retry(afterSeconds: 0)
    }
  }

  func controlFailed(_ error: NodeError) {
    fail(error)
  }

  func depthSeen(of inlet: Inlet, _ readyMessages: Int, at now: MonotonicTime) {
    let mayReceive =
      phase == .running && isReading(inlet)
      && links[inlet].unsettledCount < Int(consumers[inlet].ramp.prefetch)
    let received = consumers[inlet].received
    guard
      consumers[inlet].foreign.observe(
        readyMessages: readyMessages, mayReceive: mayReceive, received: received, at: now)
    else { return }
    let queues = Inlet.allCases.filter { consumers[$0].foreign.isSuspected }
    controlLink.watch.foreignQueues = queues.map { consumers[$0].queue }
    let queue = consumers[inlet].queue
    if consumers[inlet].foreign.isSuspected {
      logger.warning(
        "A queue has messages and gives us none: another consumer is probably the active one",
        metadata: [
          LogKey.queue: "\(queue)",
          LogKey.advice: "look who consumes from it (rabbitmqctl list_consumers), and stop that",
        ])
    } else {
      logger.info("A queue gives us its messages again", metadata: [LogKey.queue: "\(queue)"])
    }
  }

  func wantsLookAtLogs() -> Bool {
    phase == .running && emptyLogs.wantsLook(isReading: isReading(.deliveryLogs))
  }

  func logDepthSeen(_ readyMessages: Int, at now: MonotonicTime) {
    guard emptyLogs.looked(readyMessages: readyMessages, at: now) else { return }
    engine.noteDeliveryLogsEmpty()
    logger.debug("All delivery logs that were waiting have been taken")
  }

  /// A connection was lost, or could not be made, for want of a queue or an exchange.
  func mayMissTopology(_ link: BrokerLink, _ error: AMQPError) {
    guard error.code == .notFound || error.code == .consumerCancelled else { return }
    if let inlet = links.inlet(of: link) { consumers[inlet].isWithoutQueue = true }
    controlLink.checkSoon()
  }

  /// Whether messages of the inlet reach us when the broker delivers them.
  private func isReading(_ inlet: Inlet) -> Bool {
    links[inlet].isConsuming && engine.mayReceive(inlet)
  }
}
