import AMQP
import Foundation
import Logging
import NIOCore
import NIOPosix

/// The broker that the test command starts, and brokers of a test's own.
enum TestBroker {
  static let url = ProcessInfo.processInfo.environment["MEDDELA_TEST_BROKER"]
  static var isThere: Bool { url != nil }
  static let reason = "MEDDELA_TEST_BROKER names no broker; deploy/test starts one"

  static func client(_ url: String) async throws -> BrokerClient {
    let options = BrokerOptions(addresses: [try BrokerAddress(url: url)])
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    return try await BrokerClient.connect(
      options, on: MultiThreadedEventLoopGroup.singleton.next(), logger: logger,
      deadlineSeconds: 120)
  }
}

/// A RabbitMQ node for one test, which may stop and kill it.
final class OwnBroker {
  let folder: URL
  let url: String

  init() throws {
    folder = URL(fileURLWithPath: "/var/tmp/meddela-broker-\(UInt32.random(in: 0..<1 << 30))")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    url = try Self.run("start", folder).split(separator: "\n").last.map(String.init) ?? ""
  }

  deinit {
    _ = try? Self.run("kill", folder)
    try? FileManager.default.removeItem(at: folder)
  }

  func restart() throws { _ = try Self.run("restart", folder) }

  /// Freezes the node: connections stay open and answer nothing.
  func pause() throws { _ = try Self.run("pause", folder) }
  func resume() throws { _ = try Self.run("resume", folder) }

  /// For connections that are opened from now on: how soon the broker closes the channel of a
  /// consumer that has left a message without acknowledgement.
  func setConsumerTimeout(seconds: Int) throws {
    for (name, value) in [("consumer_timeout", seconds * 1000), ("channel_tick_interval", 1000)] {
      _ = try Self.run("ctl", folder, "eval", "application:set_env(rabbit, \(name), \(value)).")
    }
  }

  /// Puts a message into an exchange whose id is a number, as AMQP 1.0 clients may send it: the
  /// node crashes each channel on which it tries to deliver it by AMQP 0-9-1 (3.10.8).
  func publishUndeliverable(to exchange: String, routingKey: String, body: String) throws {
    let properties =
      "{'P_basic',<<\"application/json\">>,undefined,[],2,undefined,undefined,undefined,undefined,"
      + "77,undefined,undefined,undefined,undefined,undefined}"
    let escaped = body.replacingOccurrences(of: "\"", with: "\\\"")
    _ = try Self.run(
      "ctl", folder, "eval",
      "rabbit_basic:publish(rabbit_misc:r(<<\"/\">>,exchange,<<\"\(exchange)\">>),"
        + "<<\"\(routingKey)\">>,\(properties),<<\"\(escaped)\">>).")
  }

  /// Whether the node takes no publishes, as when memory is short.
  func setAlarm(_ isOn: Bool) throws {
    let watermark = isOn ? "1MB" : "1024MB"
    _ = try Self.run(
      "ctl", folder, "set_vm_memory_high_watermark", "absolute", watermark)
  }

  /// Foundation tells the end of a process by a descriptor that its children inherit: the node,
  /// which goes on, would keep it open.
  private static let closingDescriptors = #"""
    for fd in /proc/self/fd/*; do fd=${fd##*/}; [ "$fd" -le 2 ] || eval "exec $fd>&-"; done
    exec "$0" "$@"
    """#

  private static func run(
    _ verb: String, _ folder: URL, _ arguments: String...
  ) throws -> String {
    let script = ServiceProcess.repository.appendingPathComponent("deploy/broker").path
    let (code, out, err) = try Command.run(
      "/bin/bash", ["-c", closingDescriptors, script, verb, folder.path] + arguments,
      ProcessInfo.processInfo.environment, in: folder)
    guard code == 0 else { throw Timeout(what: "deploy/broker \(verb) works: \(err)") }
    return out
  }
}
