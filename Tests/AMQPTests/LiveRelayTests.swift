import NIOCore
import NIOPosix
import Testing

@testable import AMQP

/// The pattern of the service in small: what one link brings is published by another, and
/// acknowledged when the publish is confirmed.
final class Relay: BrokerLinkDelegate {
  private let consuming: BrokerLink
  private let publishing: BrokerLink
  private let target: StableBytes
  private let exchange = StableBytes("")
  private let contentType = StableBytes("text/plain")
  private var tags: [UInt64: (tag: UInt64, epoch: UInt32)] = [:]
  private var nextToken: UInt64 = 1
  private(set) var settled = 0
  private(set) var stopped = 0

  init(_ options: BrokerOptions, from: String, to: String, _ eventLoop: any EventLoop) {
    target = StableBytes(to)
    consuming = BrokerLink(
      options: options,
      role: LinkRole(
        topology: [LiveBroker.quorum(from)], consumers: [Consumer(queue: from, prefetch: 200)],
        startsConsuming: false),
      eventLoop: eventLoop, logger: LiveBroker.logger)
    publishing = BrokerLink(
      options: options, role: LinkRole(topology: [LiveBroker.quorum(to)], publishes: true),
      eventLoop: eventLoop, logger: LiveBroker.logger)
    consuming.delegate = self
    publishing.delegate = self
    consuming.start()
    publishing.start()
  }

  func stop() {
    consuming.stop()
    publishing.stop()
  }

  func brokerLink(_ link: BrokerLink, isReady epoch: UInt32) {
    if link === publishing { consuming.setConsuming(true) }
  }

  func brokerLink(
    _ link: BrokerLink, lost epoch: UInt32, _ error: AMQPError, unconfirmed: [UInt64]
  ) {
    guard link === publishing else { return }
    // Nothing is kept here, so the broker gives the messages again; the service republishes.
    for token in unconfirmed { tags[token] = nil }
    consuming.setConsuming(false)
    consuming.releaseUnsettled()
  }

  func brokerLink(_ link: BrokerLink, failed error: AMQPError, retryAfterSeconds: Double?) {}

  func brokerLink(_ link: BrokerLink, received message: consuming IncomingMessage) {
    let token = nextToken
    nextToken += 1
    tags[token] = (message.deliveryTag, message.channelEpoch)
    message.storage.withUnsafeBytes { bytes in
      var out = OutgoingMessage(exchange: exchange.view, routingKey: target.view)
      out.contentType = contentType.view
      out.messageID = bytes.slice(message.properties.messageID)
      let body = UnsafeRawBufferPointer(rebasing: bytes[..<message.bodyCount])
      do throws(AMQPError) {
        try publishing.publish(out, body: body, token: token)
      } catch {
        tags[token] = nil
      }
    }
  }

  func brokerLink(_ link: BrokerLink, confirmed tokens: [UInt64]) {
    for token in tokens {
      guard let (tag, epoch) = tags.removeValue(forKey: token) else { continue }
      consuming.settle(tag, epoch: epoch)
      settled += 1
    }
  }

  func brokerLinkDidRead(_ link: BrokerLink) {
    publishing.flush()
    consuming.flush()
    // Back-pressure: what the socket does not take is not read from the other one.
    consuming.pauseIntake(!publishing.isWritable)
  }

  func brokerLinkIsWritable(_ link: BrokerLink) {
    if link === publishing { consuming.pauseIntake(false) }
  }

  func brokerLinkDidStop(_ link: BrokerLink) { stopped += 1 }
}

@Suite(
  .enabled(if: LiveBroker.url != nil, LiveBroker.reason), .serialized, .timeLimit(.minutes(2)))
struct LiveRelayTests {
  @Test func `Two links relay every message once when nothing fails`() async throws {
    let client = try await LiveBroker.client()
    let from = LiveBroker.queueName()
    let to = LiveBroker.queueName()
    try await client.perform([LiveBroker.quorum(from), LiveBroker.quorum(to)])
    let batch = (0..<3_000).map { number in
      var message = ClientMessage(exchange: "", routingKey: from, body: Array("\(number)".utf8))
      message.messageID = "m\(number)"
      return message
    }
    _ = try await client.publish(batch)
    let eventLoop = MultiThreadedEventLoopGroup.singleton.next()
    let options = try LiveBroker.options()
    let relay = try await eventLoop.submit {
      NIOLoopBound(Relay(options, from: from, to: to, eventLoop), eventLoop: eventLoop)
    }.get()
    let done = try await eventually {
      try await eventLoop.submit { relay.value.settled == 3_000 }.get()
    }
    #expect(done)
    try await eventLoop.submit { relay.value.stop() }.get()
    let stopped = try await eventually {
      try await eventLoop.submit { relay.value.stopped == 2 }.get()
    }
    #expect(stopped)
    let moved = try await eventually { try await client.depth(of: to).messages == 3_000 }
    #expect(moved)
    #expect(try await client.depth(of: from).messages == 0)
    try await client.perform([.deleteQueue(name: from), .deleteQueue(name: to)])
    await client.close()
  }
}
