internal import AMQP
internal import Execution
internal import Logging
internal import Messages

// What the broker says, handed to the engine.
extension ShardRunner: BrokerLinkDelegate {
  func brokerLink(_ link: BrokerLink, isReady epoch: UInt32) {
    if let publishing = links.publishLink(of: link) {
      engine.linkOpened(publishing, at: NodeClock.now())
    }
    scheduleTurn()
  }

  func brokerLink(
    _ link: BrokerLink, lost epoch: UInt32, _ error: AMQPError, unconfirmed: [UInt64]
  ) {
    if let publishing = links.publishLink(of: link) {
      let loss = LinkLoss(error)
      engine.linkLost(publishing, loss, at: NodeClock.now())
      if case .refusesMessage = loss { lostOverMessage = publishing }
    }
    if let inlet = links.inlet(of: link) {
      engine.consumerLost(inlet)
      if inlet == .deliveryLogs { emptyLogs.consumerLost() }
    }
    if phase != .stopped {
      logger.warning(
        "A broker connection is lost",
        metadata: [LogKey.link: "\(links.name(of: link))", LogKey.error: "\(error)"])
    }
    scheduleTurn()
  }

  func brokerLink(
    _ link: BrokerLink, failed error: AMQPError, retryAfterSeconds: Double?
  ) {
    guard retryAfterSeconds == nil else {
      mayMissTopology(link, error)
      if let inlet = links.inlet(of: link) { consumerFailed(inlet, error) }
      // The message to blame is looked for: each one found costs a connection, and the others
      // wait for the next.
      if let lost = lostOverMessage, lost == links.publishLink(of: link), phase != .stopped {
        link.retry(afterSeconds: Self.searchRetrySeconds)
      }
      lostOverMessage = nil
      return
    }
    fail(NodeError(error))
  }

  private static let searchRetrySeconds = 0.2

  func brokerLink(_ link: BrokerLink, received message: consuming IncomingMessage) {
    guard let inlet = links.inlet(of: link) else { return }
    let message = InboundMessage(message, inlet: inlet)
    consumers[inlet].received(message)
    engine.receive(message)
  }

  func brokerLink(_ link: BrokerLink, oversized message: OversizedMessage) {
    warn("A message is too large and goes to the parked queue", "\(message.bodyBytes) bytes")
    let envelope = message.envelope
    link.reject(envelope.deliveryTag, epoch: envelope.channelEpoch, requeue: false)
    link.flush()
  }

  func brokerLinkDidRead(_ link: BrokerLink) {
    scheduleTurn()
  }

  func brokerLink(_ link: BrokerLink, confirmed tokens: [UInt64]) {
    let now = NodeClock.now()
    for token in tokens { engine.confirmed(PublishToken(rawValue: token), at: now) }
  }

  func brokerLink(_ link: BrokerLink, refused tokens: [UInt64]) {
    let now = NodeClock.now()
    for token in tokens { engine.refused(PublishToken(rawValue: token), at: now) }
    warn("The broker refuses messages (nack)", links.name(of: link), key: LogKey.link)
  }

  func brokerLink(_ link: BrokerLink, returned message: ReturnedMessage) {
    let exchange = message.message.text(message.message.exchange) ?? ""
    let key = message.message.text(message.message.routingKey) ?? ""
    warn("No queue takes a message; it is tried again", "\(exchange) \(key)")
    guard let kind = names.exchange(named: exchange) else { return }
    if kind == .deliveries { lastUnroutableAt = NodeClock.now().monotonic }
    if kind != .direct { controlLink.checkSoon() }
    message.message.withBytes(message.message.properties.messageID) { id in
      engine.returned(
        from: kind, messageID: id ?? UnsafeRawBufferPointer(start: nil, count: 0),
        code: message.replyCode, text: message.replyText)
    }
  }

  func brokerLink(_ link: BrokerLink, blocked reason: String?) {
    if let reason {
      logger.warning(
        "The broker blocks publishing",
        metadata: [
          LogKey.link: "\(links.name(of: link))",
          LogKey.error: "\(reason)",
        ])
    } else {
      logger.info(
        "The broker takes publishes again", metadata: [LogKey.link: "\(links.name(of: link))"])
    }
    if let publishing = links.publishLink(of: link) {
      engine.linkBlocked(publishing, reason != nil, at: NodeClock.now())
    }
    scheduleTurn()
  }

  func brokerLinkIsWritable(_ link: BrokerLink) {
    scheduleTurn()
  }

  func brokerLinkDidStop(_ link: BrokerLink) {
    if phase == .stopped { links.didStop()?() }
  }

  /// Logs a warning at most every five seconds: a broken queue would fill the disk.
  func warn(_ sentence: String, _ detail: String, key: String = LogKey.error) {
    let now = NodeClock.now().monotonic
    if let last = lastWarnings[sentence], now - last < .seconds(5) { return }
    lastWarnings[sentence] = now
    logger.warning("\(sentence)", metadata: [key: "\(detail)"])
  }
}

extension LinkLoss {
  /// What a publishing connection, or its channel, was lost by.
  init(_ error: AMQPError) {
    switch error.nativeCode ?? 0 {
    case 403, 404: self = .refusesAll
    // 320: the broker stops, or a person closed it; errno of a socket is below 200.
    case 200, 320: self = .connection
    case 311, 313, 406, 500..<600: self = .refusesMessage(mostBytes: Self.mostBytes(error.message))
    default: self = .connection
    }
  }

  /// RabbitMQ: `message size 300107 is larger than configured max size 300000`.
  private static func mostBytes(_ text: String) -> Int? {
    guard text.contains("message size") else { return nil }
    let numbers = text.split { !$0.isNumber }.compactMap { Int($0) }
    return numbers.count >= 2 ? numbers.suffix(from: numbers.count - 2).min() : nil
  }
}

extension OutboundNames {
  func exchange(named name: String) -> OutboundExchange? {
    for exchange in [OutboundExchange.deliveries, .parked, .status] {
      if String(decoding: self[exchange], as: UTF8.self) == name { return exchange }
    }
    return name.isEmpty ? .direct : nil
  }
}

extension InboundMessage {
  /// Takes over the one allocation that the message is in.
  init(_ message: consuming IncomingMessage, inlet: Inlet) {
    let properties = message.properties
    let exchange = message.exchange
    let routingKey = message.routingKey
    self.init(
      inlet: inlet, channelEpoch: message.channelEpoch, deliveryTag: message.deliveryTag,
      redelivered: message.isRedelivered, storage: message.storage,
      bodyCount: message.bodyCount)
    self.exchange = ByteRange(exchange)
    self.routingKey = ByteRange(routingKey)
    contentType = ByteRange(properties.contentType)
    messageID = ByteRange(properties.messageID)
    correlationID = ByteRange(properties.correlationID)
    replyTo = ByteRange(properties.replyTo)
    contentEncoding = ByteRange(properties.contentEncoding)
    type = ByteRange(properties.type)
    appID = ByteRange(properties.appID)
    userID = ByteRange(properties.userID)
    expiration = ByteRange(properties.expiration)
    priority = properties.priority
    timestampSeconds = properties.timestampSeconds
    headers = ByteRange(properties.headers)
    if !headers.isEmpty {
      takeHeaders()
      // A producer may set the header too. On a redelivery the broker writes its own over it.
      if redelivered { deliveryCount = deliveryCountHeader }
    }
  }

  /// How often a quorum queue has delivered the message before.
  private var deliveryCountHeader: UInt32 {
    storage.withUnsafeBytes { bytes in
      guard case .integer(let count) = HeaderTable(entries: bytes.part(headers))["x-delivery-count"]
      else { return 0 }
      return UInt32(clamping: count)
    }
  }

  /// Takes what the engine looks at, in one walk over the headers, and the attributes of a
  /// CloudEvent in binary mode, which it puts behind the message's bytes.
  private mutating func takeHeaders() {
    let (found, attributes) = storage.withUnsafeBytes { bytes in
      let table = HeaderTable(entries: bytes.part(headers))
      let found = KnownHeaders(table, in: bytes)
      return (found, found.cloudEvents.map { CloudEventHeaders.attributes(of: table, $0) })
    }
    traceParent = found.traceParent
    traceState = found.traceState
    compression = found.compression
    guard let attributes else { return }
    cloudEvent = ByteRange(offset: storage.count, count: attributes.count)
    storage += attributes
  }
}

extension ByteRange {
  init(_ slice: ByteSlice) {
    self.init(offset: Int(slice.offset), count: Int(slice.count))
  }
}
