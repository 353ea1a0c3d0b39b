internal import AMQP
internal import EventLog
internal import Execution
internal import LogSequence
internal import Messages

// From the engine's orders to the log and the connections.
extension ShardRunner {
  func carryOut() {
    engine.swapOutput(&output)
    guard !output.isEmpty else { return }
    for order in output.openLinks { links.open(order, runner: self) }
    append()
    read()
    publish()
    for settlement in output.settlements {
      links.settle(settlement)
      // What an earlier channel brought proves nothing of this one.
      let link = links[settlement.inlet]
      if link.isReady, link.epoch == settlement.channelEpoch {
        consumers[settlement.inlet].settled()
      }
    }
    // Before the acknowledgements are sent: a queue that may send no more sends nothing to the
    // consumer that gives way.
    if !output.settlements.isEmpty { balancePrefetch() }
    for answer in output.redrives { control.answer(answer) }
    for answer in output.cancels { control.answer(answer) }
    let (abandoned, renewed) = (output.abandonedLinks, output.renewedLinks)
    output.removeAll()
    // A socket that fails meanwhile is told of at once, and changes the links.
    let all = links.all
    for link in all { link.flush() }
    for link in abandoned { links.find(link)?.abandon() }
    for link in renewed { links.find(link)?.releaseUnsettled() }
  }

  private func append() {
    guard !output.appends.isEmpty else { return }
    output.bytes.withUnsafeBytes { bytes in
      for order in output.appends {
        let header = RecordHeader(
          lsn: order.lsn, kind: order.kind.rawValue, status: order.status,
          previousStatus: order.previousStatus, flags: RecordFlags(order), attempt: order.attempt,
          time: order.time.nanoseconds,
          hash: EventHash(high: order.key?.high ?? 0, low: order.key?.low ?? 0),
          previousLSN: order.previousLSN)
        log.append(header, id: bytes.part(order.id), payload: bytes.part(order.payload))
      }
    }
    log.endTurn()
  }

  private func read() {
    if !output.reads.isEmpty {
      log.read(
        output.reads.map { order in
          let token = LogRead.event(order.token).token
          switch order.target {
          case .newest(let id): return ReadRequest(token: token, .newest(id: id))
          case .record(let lsn): return ReadRequest(token: token, .record(lsn: lsn))
          }
        })
    }
    readRange(output.rangeRead, for: .publishes)
    readRange(output.watchRead, for: .logTimeouts)
    readRange(output.totalsRead, for: .totals)
  }

  private func readRange(_ from: LSN?, for read: LogRead) {
    guard let from else { return }
    log.readRange(from: from, limitBytes: Self.rangeBytes, token: read.token)
  }

  private static let rangeBytes = 1 << 20

  private func publish() {
    guard !output.publishes.isEmpty else { return }
    output.bytes.withUnsafeBytes { bytes in
      for order in output.publishes {
        order.body.withUnsafeBytes { body in
          publish(order, bytes: bytes, body: body)
        }
      }
    }
  }

  private func publish(
    _ order: PublishOrder, bytes: UnsafeRawBufferPointer, body: UnsafeRawBufferPointer
  ) {
    func optional(_ range: ByteRange) -> UnsafeRawBufferPointer? {
      range.isEmpty ? nil : bytes.part(range)
    }
    var message = OutgoingMessage(
      exchange: names[order.exchange], routingKey: bytes.part(order.routingKey))
    message.isMandatory = order.mandatory
    message.messageID = optional(order.messageID)
    message.correlationID = optional(order.correlationID)
    message.replyTo = optional(order.replyTo)
    message.type = optional(order.type)
    message.contentType = optional(order.contentType)
    message.contentEncoding = optional(order.contentEncoding)
    message.appID = optional(order.appID)
    message.priority = order.priority
    message.timestampSeconds =
      order.originalTimestampSeconds
      ?? UInt64(max(0, order.timestamp.nanoseconds / 1_000_000_000))
    let payload = UnsafeRawBufferPointer(rebasing: body[order.bodyRange])
    if order.exchange == .parked {
      parkingLog.note(
        reason: message.routingKey, messageID: bytes.part(order.messageID),
        at: NodeClock.now().monotonic, logger)
    }
    if order.headers.isEmpty, order.originalHeaders.isEmpty {
      send(message, payload, order)
    } else {
      headerWriter.write(
        output.headers[order.headers], bytes: bytes, keeping: body.part(order.originalHeaders),
        frameMaxBytes: links.find(order.link)?.frameMaxBytes ?? Int(AMQPLimits.frameMaxBytes))
      headerWriter.bytes.withUnsafeBytes { headers in
        message.headers = headers
        send(message, payload, order)
      }
    }
  }

  private func send(
    _ message: OutgoingMessage, _ payload: UnsafeRawBufferPointer, _ order: PublishOrder
  ) {
    // The engine publishes on what it was told is open.
    guard let link = links.find(order.link) else { return }
    do {
      try link.publish(message, body: payload, token: order.token.rawValue)
    } catch {
      // Not ready: the engine has been told of the loss, or will be, and publishes again.
      guard error.code != .notReady else { return }
      warn("A message cannot be published", error.description)
      let token = order.token
      engine.refused(token, at: NodeClock.now())
      scheduleTurn()
    }
  }
}

extension RecordFlags {
  /// What the log has to know of a record.
  init(_ order: AppendOrder) {
    self = []
    if order.key != nil { insert(.event) }
    if order.isFinal { insert(.final) }
    if order.isDriven { insert(.driven) }
    if order.isPublished { insert(.publish) }
    // Before an event that is accepted there can be the cancel that came before it.
    let isSecond = order.kind == .accepted && order.previousLSN > 0
    if isSecond || order.kind == .carried || order.kind == .parked { insert(.base) }
    if order.kind.isAside { insert(.aside) }
  }
}

extension UnsafeRawBufferPointer {
  func part(_ range: ByteRange) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: self[range.offset..<range.offset + range.count])
  }
}

/// Exchange names as bytes that stay in place.
struct OutboundNames {
  private let deliveries: StableBytes
  private let status: StableBytes
  private let parked: StableBytes

  init(_ topology: Topology) {
    deliveries = StableBytes(topology.deliveries)
    status = StableBytes(topology.status)
    parked = StableBytes(topology.parked)
  }

  subscript(_ exchange: OutboundExchange) -> UnsafeRawBufferPointer {
    switch exchange {
    case .deliveries: deliveries.view
    case .status: status.view
    case .parked: parked.view
    case .direct: UnsafeRawBufferPointer(start: nil, count: 0)
    }
  }
}
