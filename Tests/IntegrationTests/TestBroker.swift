import AMQP
import Foundation
import Logging
import NIOCore
import NIOPosix
import Simulation

/// The broker that the test command starts, and brokers of a test's own.
enum TestBroker {
  static let url = ProcessInfo.processInfo.environment["MEDDELA_TEST_BROKER"]
  static var isThere: Bool { url != nil }
  static let reason = "MEDDELA_TEST_BROKER names no broker; deploy/test starts one"

  /// rabbitmqctl for it. Only what has names of the test's own may be changed this way.
  static let control = BrokerControl(
    folder: URL(
      fileURLWithPath: ProcessInfo.processInfo.environment["MEDDELA_TEST_BROKER_DIR"] ?? ""))

  static func client(_ url: String) async throws -> BrokerClient {
    let options = BrokerOptions(addresses: [try BrokerAddress(url: url)])
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    return try await BrokerClient.connect(
      options, on: MultiThreadedEventLoopGroup.singleton.next(), logger: logger,
      deadlineSeconds: 120)
  }

  /// Takes so many messages from a queue and acknowledges them.
  static func take(_ count: Int, from queue: String, _ client: BrokerClient) async throws
    -> [(id: String, body: String)]
  {
    let stream = client.consume(Consumer(queue: queue, prefetch: 100))
    var result: [(String, String)] = []
    for try await batch in stream {
      for message in batch {
        SeenMessages.add(message)
        result.append(
          (
            message.text(message.properties.messageID) ?? "",
            message.withBody { String(decoding: $0, as: UTF8.self) }
          ))
      }
      stream.settle(batch)
      if result.count >= count { break }
    }
    await stream.close()
    return result
  }
}

/// A RabbitMQ node for one test, which may stop and kill it.
final class OwnBroker {
  let folder: URL
  let url: String

  /// - Parameter arguments: more for `deploy/broker start`, such as `--plugins A,B`.
  /// - Parameter settings: lines of its configuration; some are read only at a node's start.
  init(_ arguments: String..., settings: [String] = []) throws {
    folder = URL(fileURLWithPath: "/var/tmp/meddela-broker-\(UInt32.random(in: 0..<1 << 30))")
    let more = folder.appendingPathComponent("conf.d")
    try FileManager.default.createDirectory(at: more, withIntermediateDirectories: true)
    try settings.map { $0 + "\n" }.joined().write(
      to: more.appendingPathComponent("50-test.conf"), atomically: true, encoding: .utf8)
    url =
      try BrokerScript.run("start", folder, arguments)
      .split(separator: "\n").last.map(String.init) ?? ""
  }

  var control: BrokerControl { BrokerControl(folder: folder) }

  deinit {
    _ = try? BrokerScript.run("kill", folder)
    try? FileManager.default.removeItem(at: folder)
  }

  func restart() throws { _ = try BrokerScript.run("restart", folder) }

  /// Freezes the node: connections stay open and answer nothing.
  func pause() throws { _ = try BrokerScript.run("pause", folder) }
  func resume() throws { _ = try BrokerScript.run("resume", folder) }

  /// For connections that are opened from now on: how soon the broker closes the channel of a
  /// consumer that has left a message without acknowledgement.
  func setConsumerTimeout(seconds: Int) throws {
    for (name, value) in [("consumer_timeout", seconds * 1000), ("channel_tick_interval", 1000)] {
      try control.setting(name, value)
    }
  }

  /// Puts a message into an exchange whose id is a number, as AMQP 1.0 clients may send it: the
  /// node crashes each channel on which it tries to deliver it by AMQP 0-9-1 (3.10.8).
  func publishUndeliverable(to exchange: String, routingKey: String, body: String) throws {
    let properties =
      "{'P_basic',<<\"application/json\">>,undefined,[],2,undefined,undefined,undefined,undefined,"
      + "77,undefined,undefined,undefined,undefined,undefined}"
    let escaped = body.replacingOccurrences(of: "\"", with: "\\\"")
    try control.run(
      "eval",
      "rabbit_basic:publish(rabbit_misc:r(<<\"/\">>,exchange,<<\"\(exchange)\">>),"
        + "<<\"\(routingKey)\">>,\(properties),<<\"\(escaped)\">>).")
  }

  /// Whether the node takes no publishes, as when memory is short.
  func setAlarm(_ isOn: Bool) throws {
    let watermark = isOn ? "1MB" : "1024MB"
    try control.run("set_vm_memory_high_watermark", "absolute", watermark)
  }
}
