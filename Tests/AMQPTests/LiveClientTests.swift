import NIOPosix
import Testing

@testable import AMQP

@Suite(
  .enabled(if: LiveBroker.url != nil, LiveBroker.reason), .serialized, .timeLimit(.minutes(2)))
struct LiveClientTests {
  @Test func `What is published and confirmed is consumed once and then gone`() async throws {
    let client = try await LiveBroker.client()
    let queue = LiveBroker.queueName()
    try await client.perform([LiveBroker.quorum(queue)])
    let batch = (0..<2_000).map { number in
      var message = ClientMessage(exchange: "", routingKey: queue, body: Array("b\(number)".utf8))
      message.messageID = "m\(number)"
      message.contentType = "text/plain"
      message.timestampSeconds = 17
      return message
    }
    let outcomes = try await client.publish(batch)
    #expect(outcomes.count == 2_000)
    #expect(outcomes.allSatisfy { $0 == .confirmed })

    let messages = client.consume(Consumer(queue: queue, prefetch: 300))
    var seen: [String] = []
    for try await batch in messages {
      for message in batch {
        seen.append(message.withBody { String(decoding: $0, as: UTF8.self) })
        #expect(message.text(message.properties.contentType) == "text/plain")
        #expect(message.text(message.routingKey) == queue)
      }
      messages.settle(batch)
      if seen.count == 2_000 { break }
    }
    #expect(seen == (0..<2_000).map { "b\($0)" })
    await messages.close()
    let empty = try await eventually { try await client.depth(of: queue).messages == 0 }
    #expect(empty)
    try await client.perform([.deleteQueue(name: queue)])
    await client.close()
  }

  @Test func `What is published while the socket becomes writable again is sent once`()
    async throws
  {
    let queue = LiveBroker.queueName()
    let body = [UInt8](repeating: 0x78, count: 16 << 20)
    // How much a socket takes at once is not ours to say: it is met in some rounds.
    for _ in 0..<30 {
      let client = try await LiveBroker.client()
      try await client.perform([.declareQueue(name: queue), .purgeQueue(name: queue)])
      let batch = [[], body, [1]].map {
        ClientMessage(exchange: "", routingKey: queue, body: $0)
      }
      #expect(try await client.publish(batch).allSatisfy { $0 == .confirmed })
      try #require(try await client.depth(of: queue).messages == 3)
      await client.close()
    }
    let client = try await LiveBroker.client()
    try await client.perform([.deleteQueue(name: queue)])
    await client.close()
  }

  @Test func `Large bodies travel in many frames`() async throws {
    let client = try await LiveBroker.client()
    let queue = LiveBroker.queueName()
    try await client.perform([.declareQueue(name: queue)])
    let sizes = [0, 1, 131_063, 131_064, 131_065, 262_128, 1_000_000]
    let batch = sizes.map { size in
      ClientMessage(
        exchange: "", routingKey: queue, body: (0..<size).map { UInt8(truncatingIfNeeded: $0) })
    }
    let outcomes = try await client.publish(batch)
    #expect(outcomes.allSatisfy { $0 == .confirmed })
    let messages = client.consume(Consumer(queue: queue, prefetch: 10))
    var bodies: [[UInt8]] = []
    for try await batch in messages {
      bodies += batch.map { $0.withBody { Array($0) } }
      messages.settle(batch)
      if bodies.count == sizes.count { break }
    }
    let isSame = bodies == batch.map(\.body)
    #expect(isSame)
    await messages.close()
    try await client.perform([.deleteQueue(name: queue)])
    await client.close()
  }

  @Test func `A mandatory message for nobody is returned, its neighbours are confirmed`()
    async throws
  {
    let client = try await LiveBroker.client()
    let queue = LiveBroker.queueName()
    try await client.perform([.declareQueue(name: queue)])
    let batch = (0..<50).map { number in
      var message = ClientMessage(
        exchange: "", routingKey: number % 10 == 3 ? "test.nobody" : queue, body: [1])
      message.messageID = "m\(number)"
      message.isMandatory = true
      return message
    }
    let outcomes = try await client.publish(batch)
    for (number, outcome) in outcomes.enumerated() {
      let expected: PublishOutcome =
        number % 10 == 3 ? .returned(code: 312, text: "NO_ROUTE") : .confirmed
      #expect(outcome == expected, "message \(number)")
    }
    try await client.perform([.deleteQueue(name: queue)])
    await client.close()
  }

  @Test func `Topology refusals have their codes and do not disturb the client`() async throws {
    let client = try await LiveBroker.client()
    let queue = LiveBroker.queueName()
    try await client.perform([LiveBroker.quorum(queue)])
    var error = await #expect(throws: AMQPError.self) {
      try await client.perform([.declareQueue(name: queue)])
    }
    #expect(error?.code == .preconditionFailed)
    #expect(error?.nativeCode == 406)
    error = await #expect(throws: AMQPError.self) {
      try await client.depth(of: String(repeating: "q", count: 256))
    }
    #expect(error?.code == .invalidOption)
    error = await #expect(throws: AMQPError.self) { try await client.depth(of: "test.absent") }
    #expect(error?.code == .notFound)
    let depth = try await client.depth(of: queue)
    #expect(depth.messages == 0)
    let exchange = LiveBroker.queueName()
    try await client.perform([
      .declareExchange(
        name: exchange, type: "topic",
        arguments: [Argument("alternate-exchange", .string("amq.fanout"))]),
      .declareExchange(name: exchange + ".b", type: "fanout", isInternal: true),
      .bindExchange(destination: exchange + ".b", source: exchange, routingKey: "#"),
      .bindQueue(queue: queue, exchange: exchange, routingKey: "a.*"),
      .unbindExchange(destination: exchange + ".b", source: exchange, routingKey: "#"),
      .unbindQueue(queue: queue, exchange: exchange, routingKey: "a.*"),
      .purgeQueue(name: queue), .deleteExchange(name: exchange),
      .deleteExchange(name: exchange + ".b"), .deleteQueue(name: queue),
    ])
    await client.close()
  }

  @Test(arguments: [
    ("guest:wrong@", "/", AMQPError.Code.accessRefused),
    ("guest:guest@", "/nowhere", AMQPError.Code.vhostNotFound),
  ])
  func `A refused login is a typed error at once`(
    user: String, vhost: String, code: AMQPError.Code
  ) async throws {
    let address = try LiveBroker.options().addresses[0]
    let url = "amqp://\(user)\(address.host):\(address.port)\(vhost)"
    let options = BrokerOptions(addresses: [try BrokerAddress(url: url)])
    let error = await #expect(throws: AMQPError.self) {
      try await BrokerClient.connect(
        options, on: MultiThreadedEventLoopGroup.singleton.next(), logger: LiveBroker.logger)
    }
    #expect(error?.code == code)
  }

  @Test func `Without a broker the last error is told at the deadline`() async throws {
    let options = BrokerOptions(addresses: [BrokerAddress(host: "127.0.0.1", port: 1)])
    let error = await #expect(throws: AMQPError.self) {
      try await BrokerClient.connect(
        options, on: MultiThreadedEventLoopGroup.singleton.next(), logger: LiveBroker.logger,
        deadlineSeconds: 0.5)
    }
    #expect(error?.code == .connectFailed)
  }

  @Test(
    .enabled(if: LiveBroker.tlsURL != nil && LiveBroker.caFile != nil, LiveBroker.tlsReason),
    arguments: [
      TLSCase(name: "a known authority", expected: nil),
      TLSCase(name: "an unknown authority", trusts: false, expected: .tlsFailed),
      TLSCase(name: "another name", serverName: "somebody.else", expected: .tlsFailed),
      TLSCase(
        name: "an address that is not in the certificate", host: "127.0.0.1",
        expected: .tlsFailed),
      TLSCase(
        name: "that address by name", host: "127.0.0.1", serverName: "localhost",
        expected: nil),
      TLSCase(name: "a missing file", caFile: "/nonexistent.pem", expected: .unreadableFile),
    ])
  func `TLS accepts only the broker that was meant`(tlsCase: TLSCase) async throws {
    var address = try BrokerAddress(url: LiveBroker.tlsURL ?? "")
    address.host = tlsCase.host
    var options = BrokerOptions(addresses: [address])
    options.callTimeoutSeconds = 3
    options.tls.serverName = tlsCase.serverName
    options.tls.caFile = tlsCase.trusts ? tlsCase.caFile ?? LiveBroker.caFile : nil
    let eventLoop = MultiThreadedEventLoopGroup.singleton.next()
    do throws(AMQPError) {
      let client = try await BrokerClient.connect(
        options, on: eventLoop, logger: LiveBroker.logger, deadlineSeconds: 2)
      #expect(tlsCase.expected == nil)
      let error = await #expect(throws: AMQPError.self) {
        try await client.depth(of: "test.absent")
      }
      #expect(error?.code == .notFound)
      await client.close()
    } catch {
      #expect(error.code == tlsCase.expected)
    }
  }

  /// How we connect to a broker whose certificate names `localhost` only.
  struct TLSCase: Sendable, CustomTestStringConvertible {
    var name: String
    var host = "localhost"
    var serverName: String?
    var trusts = true
    var caFile: String?
    var expected: AMQPError.Code?

    var testDescription: String { name }
  }
}
