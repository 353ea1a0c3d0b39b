internal import AMQP
internal import Execution
internal import Messages

/// What is known of the consumer of one input queue, beside its connection.
struct InletConsumer {
  let queue: String
  var ramp: PrefetchRamp
  var failures = DeliveryFailures()
  var foreign = ForeignConsumerWatch()
  /// Messages that have come.
  var received: UInt64 = 0
  /// The queue is gone: there is no use in consuming before it is made again.
  var isWithoutQueue = false
  private var warnedAt: MonotonicTime?

  init(queue: String, prefetch: Int) {
    self.queue = queue
    ramp = PrefetchRamp(full: UInt16(prefetch))
  }

  @inline(__always)
  mutating func received(_ message: InboundMessage) {
    received += 1
    // Who published the message may have set the header: only the broker says "redelivered".
    ramp.received(
      earlierDeliveries: message.redelivered ? max(1, message.deliveryCount) : 0)
  }

  /// Whether to say once more that deliveries fail: at most once a minute.
  mutating func mayWarn(at now: MonotonicTime) -> Bool {
    if let warnedAt, now - warnedAt < .minutes(1) { return false }
    warnedAt = now
    return true
  }

  @inline(__always)
  mutating func settled() {
    ramp.settled()
    failures.messageSettled()
  }
}

/// The consumers of a shard, by inlet.
struct InletConsumers {
  private var consumers: [InletConsumer]

  init(
    _ configuration: NodeConfiguration, _ topology: Topology, shard: ShardNumber
  ) {
    consumers = Inlet.allCases.map { inlet in
      let (exchange, prefetch) =
        switch inlet {
        case .realtime: (topology.realtime, configuration.realtimePrefetch)
        case .batch: (topology.batch, configuration.batchPrefetch)
        case .deliveryLogs: (topology.deliveryLogs, configuration.deliveryLogsPrefetch)
        }
      return InletConsumer(
        queue: topology.inletQueue(exchange, shard: shard), prefetch: prefetch)
    }
  }

  subscript(_ inlet: Inlet) -> InletConsumer {
    _read { yield consumers[Int(inlet.rawValue)] }
    _modify { yield &consumers[Int(inlet.rawValue)] }
  }
}
