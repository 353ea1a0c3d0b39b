internal import AMQP
internal import Execution
internal import Logging

// Each input queue has a connection and a prefetch of its own: what happens to one of them is
// nothing to the others.
extension ShardRunner {
  /// Lets each consumer have as many messages as its life has proved so far.
  func balancePrefetch() {
    guard phase == .running else { return }
    for inlet in Inlet.allCases where consumers[inlet].ramp.isGrowing {
      let link = links[inlet]
      let before = consumers[inlet].ramp.prefetch
      consumers[inlet].ramp.advance(
        at: NodeClock.now().monotonic, isConsuming: link.isConsuming)
      let prefetch = consumers[inlet].ramp.prefetch
      if prefetch != before { link.setPrefetch(prefetch) }
    }
  }

  /// Begins with one message at a time.
  func startSmall() {
    for inlet in Inlet.allCases { links[inlet].setPrefetch(consumers[inlet].ramp.prefetch) }
  }

  /// A consuming connection is lost, or could not be made. Where what was delivered on it may be
  /// the reason, it comes back at once for one message at a time, until the broker has parked the
  /// one at which it fails.
  func consumerFailed(_ inlet: Inlet, _ error: AMQPError) {
    guard phase == .running, DeliveryFailures.mayExplain(error) else { return }
    consumers[inlet].ramp.startAgain()
    links[inlet].setPrefetch(1)
    guard let seconds = consumers[inlet].failures.next() else { return }
    links[inlet].retry(afterSeconds: seconds)
    guard consumers[inlet].mayWarn(at: NodeClock.now().monotonic) else { return }
    logger.warning(
      "A connection failed while the broker delivered: it may be unable to deliver some message",
      metadata: [
        LogKey.queue: "\(consumers[inlet].queue)", LogKey.error: "\(error)",
        LogKey.advice:
          """
        messages are taken one at a time until the broker's delivery limit parks that one; \
        whoever reads the parked queue by AMQP 0-9-1 then fails at it too, so take it out by \
        another protocol (AMQP 1.0)
        """,
      ])
  }
}
