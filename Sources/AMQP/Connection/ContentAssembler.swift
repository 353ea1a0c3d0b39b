/// Puts a message together from its method, header and body frames, in one allocation.
struct ContentAssembler: ~Copyable {
  enum Step: Equatable {
    case needsMore
    case message(IncomingMessage)
    case oversized(OversizedMessage)
    case returned(ReturnedMessage)
    case malformed(AMQPError)
  }

  private enum Purpose {
    case nothing
    case delivery
    case returned
  }

  private enum Phase {
    case idle
    case awaitingHeader
    case awaitingBody(remaining: UInt64)
    /// The body is too large, or nobody wants it: counted, not kept.
    case draining(remaining: UInt64)
  }

  private let maximumBodyBytes: Int
  private var purpose = Purpose.nothing
  private var phase = Phase.idle
  private var message = IncomingMessage()
  private var bodyBytes: UInt64 = 0
  /// Exchange and routing key, kept from the method frame until the storage is made.
  private var exchange: [UInt8] = []
  private var routingKey: [UInt8] = []
  private var returnCode: UInt16 = 0
  private var returnText = ""

  init(maximumBodyBytes: Int) {
    self.maximumBodyBytes = maximumBodyBytes
    exchange.reserveCapacity(AMQPLimits.shortStringBytes)
    routingKey.reserveCapacity(AMQPLimits.shortStringBytes)
  }

  /// Whether a message has begun and not ended.
  var isBusy: Bool {
    if case .idle = phase { false } else { true }
  }

  mutating func begin(_ method: DeliverMethod, consumer: Int, epoch: UInt32) {
    purpose = .delivery
    phase = .awaitingHeader
    message.consumer = consumer
    message.channelEpoch = epoch
    message.deliveryTag = method.deliveryTag
    message.isRedelivered = method.isRedelivered
    keep(method.exchange, method.routingKey)
  }

  mutating func begin(_ method: GetOkMethod, epoch: UInt32) {
    purpose = .delivery
    phase = .awaitingHeader
    message.consumer = 0
    message.channelEpoch = epoch
    message.deliveryTag = method.deliveryTag
    message.isRedelivered = method.isRedelivered
    keep(method.exchange, method.routingKey)
  }

  mutating func begin(_ method: ReturnMethod, epoch: UInt32) {
    purpose = .returned
    phase = .awaitingHeader
    message.channelEpoch = epoch
    returnCode = method.replyCode
    returnText = String(decoding: method.replyText, as: UTF8.self)
    keep(method.exchange, method.routingKey)
  }

  /// Forgets a message that will not be completed: its channel is gone.
  mutating func reset() {
    phase = .idle
    purpose = .nothing
    message.storage = []
  }

  mutating func header(_ payload: UnsafeRawBufferPointer) -> Step {
    guard case .awaitingHeader = phase else {
      return .malformed(AMQPError(.unexpectedFrame, "A content header came out of place"))
    }
    guard let header = PropertiesScanner.contentHeader(payload) else {
      return .malformed(AMQPError(.malformedFrame, "A content header makes no sense"))
    }
    bodyBytes = header.bodyBytes
    // A return is known by its properties: its body is dropped as an oversized one is.
    let keepsBody = purpose == .delivery && header.bodyBytes <= UInt64(maximumBodyBytes)
    let kept = keepsBody ? Int(header.bodyBytes) : 0
    let lists = kept + AMQPLimits.bodyPaddingBytes + exchange.count + routingKey.count
    guard let properties = PropertiesScanner.properties(header, at: lists) else {
      return .malformed(AMQPError(.malformedFrame, "The properties of a message make no sense"))
    }
    makeStorage(bodyBytes: kept, list: header.list)
    message.properties = properties
    phase =
      keepsBody
      ? .awaitingBody(remaining: bodyBytes) : .draining(remaining: bodyBytes)
    return bodyBytes == 0 ? finish() : .needsMore
  }

  mutating func body(_ payload: UnsafeRawBufferPointer) -> Step {
    switch phase {
    case .awaitingBody(let remaining):
      guard payload.count <= remaining else { return tooLong() }
      let start = message.bodyCount - Int(remaining)
      message.storage.withUnsafeMutableBytes { storage in
        UnsafeMutableRawBufferPointer(rebasing: storage[start..<start + payload.count])
          .copyMemory(from: payload)
      }
      let left = remaining - UInt64(payload.count)
      phase = .awaitingBody(remaining: left)
      return left == 0 ? finish() : .needsMore
    case .draining(let remaining):
      guard payload.count <= remaining else { return tooLong() }
      let left = remaining - UInt64(payload.count)
      phase = .draining(remaining: left)
      return left == 0 ? finish() : .needsMore
    case .idle, .awaitingHeader:
      return .malformed(AMQPError(.unexpectedFrame, "A content body came out of place"))
    }
  }

  private func tooLong() -> Step {
    .malformed(AMQPError(.malformedFrame, "A message's body is longer than its header said"))
  }

  private mutating func keep(
    _ exchange: UnsafeRawBufferPointer, _ routingKey: UnsafeRawBufferPointer
  ) {
    self.exchange.removeAll(keepingCapacity: true)
    self.exchange.append(contentsOf: exchange)
    self.routingKey.removeAll(keepingCapacity: true)
    self.routingKey.append(contentsOf: routingKey)
  }

  private mutating func makeStorage(bodyBytes: Int, list: UnsafeRawBufferPointer) {
    let names = bodyBytes + AMQPLimits.bodyPaddingBytes
    let keys = names + exchange.count
    let lists = keys + routingKey.count
    let total = lists + list.count
    message.bodyCount = bodyBytes
    message.exchange = ByteSlice(
      offset: UInt32(truncatingIfNeeded: names), count: UInt32(truncatingIfNeeded: exchange.count))
    message.routingKey = ByteSlice(
      offset: UInt32(truncatingIfNeeded: keys), count: UInt32(truncatingIfNeeded: routingKey.count))
    // The body's bytes are written by `body` before anyone sees the storage.
    message.storage = [UInt8](unsafeUninitializedCapacity: total) { buffer, count in
      let memory = UnsafeMutableRawBufferPointer(buffer)
      UnsafeMutableRawBufferPointer(rebasing: memory[bodyBytes..<names])
        .initializeMemory(as: UInt8.self, repeating: 0)
      exchange.withUnsafeBytes {
        UnsafeMutableRawBufferPointer(rebasing: memory[names..<keys]).copyMemory(from: $0)
      }
      routingKey.withUnsafeBytes {
        UnsafeMutableRawBufferPointer(rebasing: memory[keys..<lists]).copyMemory(from: $0)
      }
      UnsafeMutableRawBufferPointer(rebasing: memory[lists..<total]).copyMemory(from: list)
      count = total
    }
  }

  private mutating func finish() -> Step {
    let isComplete =
      if case .awaitingBody = phase { true } else { false }
    phase = .idle
    // Taken, not copied, so that the receiver owns the only reference.
    var storage: [UInt8] = []
    swap(&storage, &message.storage)
    var finished = message
    finished.storage = storage
    if purpose == .returned {
      return .returned(
        ReturnedMessage(replyCode: Int(returnCode), replyText: returnText, message: finished))
    }
    return isComplete
      ? .message(finished)
      : .oversized(OversizedMessage(bodyBytes: bodyBytes, envelope: finished))
  }
}
