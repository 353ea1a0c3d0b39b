import Glibc
import Logging
import NIOCore
import NIOPosix
import Testing

@testable import AMQP

/// Where the broker for live tests is, if there is one.
enum LiveBroker {
  static let url = getenv("MEDDELA_TEST_BROKER").map { String(cString: $0) }
  static let reason: Comment =
    "MEDDELA_TEST_BROKER is not set (amqp://guest:guest@127.0.0.1:PORT of a broker to test with)"
  static let tlsURL = getenv("MEDDELA_TEST_BROKER_TLS").map { String(cString: $0) }
  /// A broker that nobody else uses, for tests that disturb it, and a command that runs
  /// `rabbitmqctl` for it (`deploy/broker ctl DIR`).
  static let faultURL = getenv("MEDDELA_TEST_FAULT_BROKER").map { String(cString: $0) }
  static let faultControl = getenv("MEDDELA_TEST_FAULT_CTL").map { String(cString: $0) }
  static let faultReason: Comment =
    "MEDDELA_TEST_FAULT_BROKER (URL of a broker of its own) and MEDDELA_TEST_FAULT_CTL are not set"
  static let caFile = getenv("MEDDELA_TEST_BROKER_CA").map { String(cString: $0) }
  static let tlsReason: Comment =
    "MEDDELA_TEST_BROKER_TLS (amqps://...) and MEDDELA_TEST_BROKER_CA (PEM file) are not set"

  static func options(
    _ name: String = #function, url: String? = url
  ) throws -> BrokerOptions {
    var options = BrokerOptions(addresses: [try BrokerAddress(url: url ?? "amqp://127.0.0.1")])
    options.connectionName = name
    options.callTimeoutSeconds = 5
    return options
  }

  static var logger: Logger {
    var logger = Logger(label: "amqp-tests")
    logger.logLevel = .error
    return logger
  }

  static func client(
    _ name: String = #function, url: String? = url
  ) async throws -> BrokerClient {
    try await BrokerClient.connect(
      options(name, url: url), on: MultiThreadedEventLoopGroup.singleton.next(), logger: logger)
  }

  /// Runs a rabbitmqctl command on a thread that may block.
  static func run(_ command: String) async {
    guard let control = faultControl else { return }
    try? await NIOThreadPool.singleton.runIfActive {
      let status = system("\(control) -q \(command) >/dev/null")
      #expect(status == 0, "rabbitmqctl \(command) failed")
    }
  }

  static func queueName() -> String { "test.\(UInt32.random(in: 0...UInt32.max))" }

  static func quorum(_ name: String) -> TopologyOperation {
    .declareQueue(name: name, arguments: [Argument("x-queue-type", .string("quorum"))])
  }
}

/// Waits until something holds, looking often; false when it never did.
func eventually(
  seconds: Double = 60, _ condition: () async throws -> Bool
) async rethrows -> Bool {
  let end = ContinuousClock.now + .seconds(seconds)
  while ContinuousClock.now < end {
    if try await condition() { return true }
    try? await Task.sleep(for: .milliseconds(10))
  }
  return false
}

/// Owns one link and writes down what it is told, on the link's event loop.
final class LinkProbe: BrokerLinkDelegate {
  enum Note: Equatable {
    case ready(UInt32)
    case lost(UInt32, AMQPError.Code, [UInt64])
    case failed(AMQPError.Code, gaveUp: Bool)
    case confirmed([UInt64])
    case refused([UInt64])
    case returned(String?)
    case oversized(UInt64)
    case consuming(Bool)
    case stopped
  }

  let link: BrokerLink
  private(set) var notes: [Note] = []
  private(set) var messages: [IncomingMessage] = []
  var settlesAtOnce = false

  init(_ options: BrokerOptions, _ role: LinkRole, _ eventLoop: any EventLoop) {
    link = BrokerLink(
      options: options, role: role, eventLoop: eventLoop, logger: LiveBroker.logger)
    link.delegate = self
  }

  static func start(_ options: BrokerOptions, _ role: LinkRole) async throws -> Bound {
    let eventLoop = MultiThreadedEventLoopGroup.singleton.next()
    return try await eventLoop.submit {
      let probe = LinkProbe(options, role, eventLoop)
      probe.link.start()
      return Bound(value: NIOLoopBound(probe, eventLoop: eventLoop), eventLoop: eventLoop)
    }.get()
  }

  /// A probe as other threads hold it.
  struct Bound: Sendable {
    let value: NIOLoopBound<LinkProbe>
    let eventLoop: any EventLoop

    func run<R: Sendable>(_ use: @escaping @Sendable (LinkProbe) throws -> R) async throws -> R {
      try await eventLoop.submit { try use(value.value) }.get()
    }

    func saw(_ note: Note) async throws -> Bool {
      try await eventually { try await run { $0.notes.contains(note) } }
    }

    func received(_ count: Int) async throws -> Bool {
      try await eventually { try await run { $0.messages.count >= count } }
    }

    func stop() async throws {
      try await run { $0.link.stop() }
      let stopped = try await saw(.stopped)
      #expect(stopped, "the link did not stop")
    }
  }

  func publish(
    _ queue: String, _ text: String, token: UInt64, mandatory: Bool = false
  ) throws {
    var message = ClientMessage(exchange: "", routingKey: queue, body: Array(text.utf8))
    message.isMandatory = mandatory
    message.messageID = text
    try message.withView { (view, body) throws(AMQPError) in
      try link.publish(view, body: body, token: token)
    }
  }

  func brokerLink(_ link: BrokerLink, isReady epoch: UInt32) { notes.append(.ready(epoch)) }

  func brokerLink(
    _ link: BrokerLink, lost epoch: UInt32, _ error: AMQPError, unconfirmed: [UInt64]
  ) {
    notes.append(.lost(epoch, error.code, unconfirmed))
  }

  func brokerLink(_ link: BrokerLink, failed error: AMQPError, retryAfterSeconds: Double?) {
    notes.append(.failed(error.code, gaveUp: retryAfterSeconds == nil))
  }

  func brokerLink(_ link: BrokerLink, received message: consuming IncomingMessage) {
    if settlesAtOnce { link.settle(message.deliveryTag, epoch: message.channelEpoch) }
    messages.append(message)
  }

  func brokerLinkDidRead(_ link: BrokerLink) {
    if settlesAtOnce { link.flush() }
  }

  func brokerLink(_ link: BrokerLink, oversized message: OversizedMessage) {
    notes.append(.oversized(message.bodyBytes))
    let envelope = message.envelope
    link.reject(envelope.deliveryTag, epoch: envelope.channelEpoch, requeue: false)
    link.flush()
  }

  func brokerLink(_ link: BrokerLink, confirmed tokens: [UInt64]) {
    notes.append(.confirmed(tokens))
  }

  func brokerLink(_ link: BrokerLink, refused tokens: [UInt64]) { notes.append(.refused(tokens)) }

  func brokerLink(_ link: BrokerLink, returned message: ReturnedMessage) {
    notes.append(.returned(message.message.text(message.message.properties.messageID)))
  }

  func brokerLink(_ link: BrokerLink, isConsuming: Bool) { notes.append(.consuming(isConsuming)) }

  func brokerLinkDidStop(_ link: BrokerLink) { notes.append(.stopped) }
}
