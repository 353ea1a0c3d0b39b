import TestSupport
import Testing

@testable import AMQP

@Suite struct BrokerAddressTests {
  @Test(arguments: [
    ("amqp://host", BrokerAddress(host: "host")),
    ("amqp://host/", BrokerAddress(host: "host")),
    ("AMQPS://h.example.org", BrokerAddress(host: "h.example.org", port: 5671, usesTLS: true)),
    ("amqp://127.0.0.1:5673", BrokerAddress(host: "127.0.0.1", port: 5673)),
    ("amqp://[::1]", BrokerAddress(host: "::1")),
    ("amqp://[fe80::1]:99/%2F", BrokerAddress(host: "fe80::1", port: 99, vhost: "/")),
    ("amqp://u@h", BrokerAddress(host: "h", username: "u")),
    ("amqp://u:@h", BrokerAddress(host: "h", username: "u", password: "")),
    (
      "amqp://u%40x:p%3A%2f%25@h:1/v%20w",
      BrokerAddress(host: "h", port: 1, username: "u@x", password: "p:/%", vhost: "v w")
    ),
    (
      "amqp://u:p:q@h/%C3%A5",
      BrokerAddress(host: "h", username: "u", password: "p:q", vhost: "å")
    ),
  ])
  func `Is read as the URI specification says`(url: String, expected: BrokerAddress) throws {
    #expect(try BrokerAddress(url: url) == expected)
  }

  @Test(arguments: [
    "", "host", "http://host", "amqp:/host", "amqp://", "amqp:///v", "amqp://:5672",
    "amqp://h:", "amqp://h:0", "amqp://h:65536", "amqp://h:+1", "amqp://h:1a", "amqp://h/a/b",
    "amqp://h?heartbeat=5", "amqp://h/v#x", "amqp://[::1", "amqp://[::1]x", "amqp://[host]",
    "amqp://u@v@h", "amqp://u:%4@h", "amqp://u:%zz@h", "amqp://u:%00@h", "amqp://h/%FF",
    "amqp://ho st", "amqp://hö", "amqp://u:p@h%41",
  ])
  func `Is refused with a reason`(url: String) {
    let error = #expect(throws: AMQPError.self) { try BrokerAddress(url: url) }
    #expect(error?.code == .invalidURL)
    #expect(error?.description.isEmpty == false)
  }

  @Test func `Never shows a password`() throws {
    let address = try BrokerAddress(url: "amqp://user:topsecret@h:1/v")
    var dumped = ""
    dump(address, to: &dumped)
    for text in ["\(address)", String(reflecting: address.password), dumped] {
      #expect(!text.contains("topsecret"))
    }
    let error = #expect(throws: AMQPError.self) {
      try BrokerAddress(url: "amqp://user:topsecret@h:x/v")
    }
    #expect(error.map { "\($0)".contains("topsecret") } == false)
  }

  @Test func `The list is shuffled once and begins with the one that worked last`() {
    var random = SeededRandom(1)
    var list = AddressList((1...5).map { BrokerAddress(host: "h\($0)") }, using: &random)
    #expect(Set(list.addresses.map(\.host)).count == 5)
    let third = list.addresses[2]
    expect(!list.failed())
    expect(!list.failed())
    list.succeeded()
    #expect(list.current == third)
    for _ in 0..<4 { expect(!list.failed()) }
    expect(list.failed())
    #expect(list.current == third)
  }

  @Test func `Backoff grows to its bound and is jittered`() {
    var backoff = ReconnectBackoff()
    expect(backoff.nextDelaySeconds(random: 0.5), 0.1)
    expect(backoff.nextDelaySeconds(random: 0.5), 0.2)
    expect(backoff.nextDelaySeconds(random: 0), 0)
    for _ in 0..<100 { expect(backoff.nextDelaySeconds(random: 0.999) <= 30) }
    backoff.reset()
    expect(backoff.nextDelaySeconds(random: 0.5), 0.1)
  }
}
