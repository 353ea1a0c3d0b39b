import NIOCore
import NIOPosix
import NIOSSL
import Synchronization
import Testing

@testable import AMQP

/// Which certificates a link accepts, with a server of our own.
@Suite(.timeLimit(.minutes(1))) struct CertificateNameTests {
  @Test(arguments: [
    (TestCertificate.address, "broker.example" as String?, false), (.address, nil, true),
    (.name, "broker.example", true), (.name, "BROKER.example.", true),
    (.name, "other.example", false), (.name, nil, true),
    (.star, "one.broker.example", true), (.star, "broker.example", false),
    (.subject, "broker.example", true), (.subject, "other.example", false),
  ])
  func `A name that is asked for must be in the certificate, and an address is no name`(
    certificate: TestCertificate, serverName: String?, fits: Bool
  ) async throws {
    let heard = Heard()
    let pem = Array(certificate.pem.utf8)
    let tls = try NIOSSLContext(
      configuration: .makeServerConfiguration(
        certificateChain: NIOSSLCertificate.fromPEMBytes(pem).map { .certificate($0) },
        privateKey: .privateKey(
          NIOSSLPrivateKey(bytes: Array(TestCertificate.key.utf8), format: .pem))))
    let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let pipeline = channel.pipeline.syncOperations
          try pipeline.addHandler(NIOSSLServerHandler(context: tls))
          try pipeline.addHandler(Listener(heard))
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
    let port = try #require(server.localAddress?.port)
    var options = BrokerOptions(addresses: [
      try BrokerAddress(url: "amqps://127.0.0.1:\(port)")
    ])
    options.callTimeoutSeconds = 0.5
    options.tls.serverName = serverName
    let file = try TemporaryFile(pem)
    options.tls.caFile = file.path
    let probe = try await LinkProbe.start(options, LinkRole(publishes: true))
    // The server says nothing: who is content with its certificate waits in vain.
    let code: AMQPError.Code = fits ? .callTimeout : .tlsFailed
    let failed = try await eventually(seconds: 20) {
      try await probe.run { $0.notes.contains(.failed(code, gaveUp: false)) }
    }
    let notes = try await probe.run { $0.notes }
    #expect(failed, "\(notes)")
    #expect(heard.anything == fits, "nothing is said to a server with another name")
    try await probe.stop()
    try await server.close()
  }

  @Test(arguments: [
    ("a.example", "a.example", true), ("A.Example.", "a.exaMple", true),
    ("b.a.example", "*.a.example", true), ("c.b.a.example", "*.a.example", false),
    ("a.example", "*.a.example", false), (".a.example", "*.a.example", false),
    ("a.example", "*", false), ("b.example", "a.example", false), ("", "", false),
    ("xa.example", "x*.example", false),
  ])
  func `A star stands for the whole first label`(name: String, pattern: String, fits: Bool) {
    #expect(CertificateName.matches(name, pattern) == fits)
  }

  @Test func `An address as the server's name is refused with what to do`() async throws {
    var options = BrokerOptions(addresses: [try BrokerAddress(url: "amqps://127.0.0.1:1")])
    options.tls.serverName = "127.0.0.1"
    let probe = try await LinkProbe.start(options, LinkRole(publishes: true))
    #expect(try await probe.saw(.failed(.invalidOption, gaveUp: true)))
  }

  private final class Heard: Sendable {
    private let bytes = Mutex(0)
    var anything: Bool { bytes.withLock { $0 > 0 } }
    func more(_ count: Int) { bytes.withLock { $0 += count } }
  }

  private final class Listener: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private let heard: Heard

    init(_ heard: Heard) { self.heard = heard }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      heard.more(unwrapInboundIn(data).readableBytes)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
      context.close(promise: nil)
    }
  }
}
