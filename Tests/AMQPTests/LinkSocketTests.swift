import NIOCore
import NIOEmbedded
import NIOPosix
import Testing

@testable import AMQP

@Suite(.timeLimit(.minutes(1))) struct LinkSocketTests {
  @Test(arguments: [1, 2, 3, 7, 8, 64, 1_000, 100_000])
  func `A link reads the same however the socket cuts the input`(piece: Int) throws {
    let channel = EmbeddedChannel()
    let role = LinkRole(consumers: [Consumer(queue: "q", prefetch: 10)])
    let probe = LinkProbe(
      BrokerOptions(addresses: [BrokerAddress(host: "h")]), role, channel.embeddedEventLoop)
    probe.settlesAtOnce = true
    var plan = ConnectionPlan(login: .plain(username: "u", password: "p"))
    plan.consumers = role.consumers
    probe.link.machine = ConnectionMachine(plan: plan)
    try channel.pipeline.syncOperations.addHandler(LinkHandler(probe.link, generation: 0))
    try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()

    let login =
      Server.start() + Bytes.method(0, 10, 30, Bytes().short(0).long(131_072).short(0))
      + Bytes.method(0, 10, 41, Bytes().shortString(""))
      + Bytes.method(1, 20, 11, Bytes().longString([])) + Bytes.method(1, 60, 11, Bytes())
      + Bytes.method(1, 60, 21, Bytes().shortString("meddela-0.1"))
    let bodies = [Array("first".utf8), [], [UInt8](repeating: 9, count: 3_000)]
    var input = login
    for (index, body) in bodies.enumerated() {
      input += Server.deliver(UInt64(index + 1), body: body, pieces: 2)
    }
    for start in stride(from: 0, to: input.count, by: piece) {
      let end = min(start + piece, input.count)
      try channel.writeInbound(ByteBuffer(bytes: input[start..<end]))
    }
    #expect(probe.notes == [.ready(1)])
    let isSame = probe.messages.map { $0.withBody { Array($0) } } == bodies
    #expect(isSame)
    var sent: [UInt8] = []
    while let buffer = try channel.readOutbound(as: ByteBuffer.self) {
      sent += buffer.readableBytesView
    }
    #expect(sent.starts(with: Array("AMQP\0\0\u{9}\u{1}".utf8)))
    // The last thing sent acknowledges the last delivery.
    let ack = sent.suffix(21)
    #expect(ack.starts(with: [1, 0, 1, 0, 0, 0, 13, 0, 60, 0, 80, 0, 0, 0, 0, 0, 0, 0, 3]))
    _ = try channel.finish(acceptAlreadyClosed: true)
  }

  @Test(arguments: [
    ("", AMQPError.Code.callTimeout), ("HTTP/1.1 400 Bad Request\r\n\r\n", .malformedFrame),
    ("AMQP\u{0}\u{1}\u{0}\u{0}", .unsupportedProtocol),
  ])
  func `What is not our broker is told apart, in time`(
    greeting: String, code: AMQPError.Code
  ) async throws {
    let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          channel.writeAndFlush(ByteBuffer(string: greeting), promise: nil)
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
    let port = try #require(server.localAddress?.port)
    var options = BrokerOptions(addresses: [BrokerAddress(host: "127.0.0.1", port: port)])
    options.callTimeoutSeconds = 0.3
    let probe = try await LinkProbe.start(options, LinkRole(publishes: true))
    let gaveUp = code == .unsupportedProtocol
    #expect(try await probe.saw(.failed(code, gaveUp: gaveUp)))
    if !gaveUp { try await probe.stop() }
    try await server.close()
  }

  @Test func `A peer that hangs up is tried again`() async throws {
    let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .childChannelInitializer { $0.close() }
      .bind(host: "127.0.0.1", port: 0).get()
    let port = try #require(server.localAddress?.port)
    let options = BrokerOptions(addresses: [BrokerAddress(host: "127.0.0.1", port: port)])
    let probe = try await LinkProbe.start(options, LinkRole(publishes: true))
    let retried = try await eventually {
      try await probe.run { $0.notes.count >= 3 }
    }
    #expect(retried)
    try await probe.stop()
    try await server.close()
  }
}
