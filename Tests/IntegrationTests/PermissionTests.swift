import AMQP
import Foundation
import Testing

@Suite(
  "An account that may not",
  .enabled(if: TestBroker.isThere, Comment(rawValue: TestBroker.reason)),
  .timeLimit(.minutes(15)))
struct PermissionTests {
  /// An account of the test's own.
  private final class Account {
    let name: String
    private let control = TestBroker.control

    init(_ service: ServiceProcess) throws {
      name = "user-\(service.prefix)"
      try control.run("add_user", name, "secret")
    }

    deinit { _ = try? control.run("delete_user", name) }

    var environment: [String: String] {
      let url = TestBroker.url?.replacingOccurrences(of: "guest:guest@", with: "") ?? ""
      return [
        "MEDDELA_BROKER_URLS": url, "MEDDELA_BROKER_USERNAME": name,
        "MEDDELA_BROKER_PASSWORD": "secret",
      ]
    }

    /// Everything but these names.
    func allow(butNotConfigure: String? = nil, write: String? = nil, read: String? = nil) throws {
      let patterns = [butNotConfigure, write, read].map { name in
        name.map { "^(?!\($0.replacingOccurrences(of: ".", with: "\\."))$)" } ?? ".*"
      }
      try control.run("set_permissions", name, patterns[0], patterns[1], patterns[2])
    }
  }

  private func isMade(_ service: ServiceProcess) -> Bool {
    FileManager.default.fileExists(atPath: "\(service.storePath)/00/STORE")
  }

  /// A start that has to name one permission.
  private func expectRefusal(
    _ service: ServiceProcess, _ account: Account, _ permission: String, on subject: String
  ) throws {
    let (code, _, text) = try service.run(["serve"], account.environment)
    #expect(code == 77, "\(subject): \(text)")
    let sentence =
      "the account \(account.name) lacks in the virtual host /: the \(permission) permission on "
      + "the \(subject) ("
    #expect(text.contains(sentence), "\(subject): \(text)")
    #expect(
      text.contains("rabbitmqctl set_permissions -p / \(account.name) '^\(service.prefix)\\.'"),
      "\(text)")
    // No other is named: what is said of the start's end is the last line.
    let last = text.split(separator: "\n").last ?? ""
    #expect(last.components(separatedBy: "permission on the ").count == 2, "\(text)")
  }

  @Test
  func `A permission to publish or to consume that is missing is named before a store is made`()
    throws
  {
    let service = try ServiceProcess(brokerURL: try #require(TestBroker.url))
    let account = try Account(service)
    for exchange in ["deliveries", "status", "parked", "owner"] {
      let name = "\(service.prefix).\(exchange)"
      try account.allow(write: name)
      try expectRefusal(service, account, "write", on: "exchange \(name)")
    }
    for queue in ["realtime.00", "batch.00", "delivery-logs.00", "owner.00", "deliveries.email"] {
      let name = "\(service.prefix).\(queue)"
      try account.allow(read: name)
      try expectRefusal(service, account, "read", on: "queue \(name)")
    }
    let name = "\(service.prefix).batch"
    try account.allow(read: name)
    try expectRefusal(service, account, "read", on: "exchange \(name)")
    #expect(!isMade(service))
  }

  @Test func `A permission to declare that is missing is named`() throws {
    for subject in [
      "exchange owner", "queue owner.00", "queue owner.00.lease", "exchange realtime",
      "queue batch.00", "queue deliveries.email", "exchange status", "queue unrouted",
    ] {
      let service = try ServiceProcess(brokerURL: try #require(TestBroker.url))
      let account = try Account(service)
      let words = subject.split(separator: " ")
      let name = "\(service.prefix).\(words[1])"
      if subject == "queue unrouted" {
        // By that name there is an exchange, too, which is declared before.
        try account.allow(write: name)
        let (code, _, text) = try service.run(["serve"], account.environment)
        #expect(code == 77, "\(text)")
        #expect(text.contains("the write permission on the queue \(name)"), "\(text)")
        #expect(text.contains("the write permission on the exchange \(name)"), "\(text)")
        continue
      }
      try account.allow(butNotConfigure: name)
      try expectRefusal(service, account, "configure", on: "\(words[0]) \(name)")
    }
  }

  @Test func `All that is missing is named at one time, and the command that is named gives it`()
    async throws
  {
    for mode in ["declare", "assert"] {
      let service = try ServiceProcess(brokerURL: try #require(TestBroker.url))
      let account = try Account(service)
      let control = TestBroker.control
      if mode == "assert" { #expect(try service.run(["topology", "apply"]).0 == 0) }
      try control.run("set_permissions", account.name, "^$", "^$", "^$")
      var environment = account.environment
      environment["MEDDELA_TOPOLOGY_MODE"] = mode
      let (code, _, text) = try service.run(["serve"], environment)
      #expect(code == 77, "\(text)")
      for subject in [
        "write permission on the exchange \(service.prefix).deliveries",
        "write permission on the exchange amq.default",
        "read permission on the queue \(service.prefix).owner.00",
      ] { #expect(text.contains(subject), "\(text)") }
      #expect(!isMade(service))
      let command = try #require(text.ranges(of: "rabbitmqctl set_permissions").last)
      let line = String(text[command.upperBound...].prefix { $0 != "\n" })
      let script = ServiceProcess.repository.appendingPathComponent("deploy/broker").path
      let (given, _, err) = try service.shell(
        "'\(script)' ctl '\(control.folder.path)' --quiet set_permissions\(line)")
      #expect(given == 0, "\(line): \(err)")
      try service.start(environment)
      try await service.waitUntilConsuming()
      #expect(!service.log.contains("lacks a permission"), "\(service.log)")
      // An event through all of it: a delivery, a status update, a parked copy, a receipt.
      let events = try service.file("one.json", TestEvents.body("one"))
      let (waited, _, why) = try service.run(["publish", "--wait", events])
      #expect(waited == 0, "\(why)")
      let bad = try service.file("bad.json", "{}")
      #expect(try service.run(["publish", "--no-validate", bad]).0 == 0)
      try await eventually("the bad one is parked") {
        try TestBroker.control.total("\(service.prefix).parked") == 1
      }
      #expect(try await service.stop() == 0)
    }
  }

  @Test
  func `Receipts that may not be sent are said, and keep nothing else from going on`() async throws
  {
    let service = try ServiceProcess(brokerURL: try #require(TestBroker.url))
    let account = try Account(service)
    try account.allow(write: "amq.default")
    try service.start(account.environment)
    try await service.waitUntilConsuming()
    #expect(
      service.log.contains("the write permission on the exchange amq.default (to send receipts)"),
      "\(service.log)")
    #expect(try await service.stop() == 0)
  }

  @Test
  func `To ask whether a queue may be read takes nothing and leaves no consumer`() async throws {
    let service = try ServiceProcess(brokerURL: try #require(TestBroker.url))
    #expect(try service.run(["topology", "apply"]).0 == 0)
    let path = try service.file("one.json", TestEvents.body("one"))
    #expect(try service.run(["publish", path]).0 == 0)
    let client = try await TestBroker.client(service.brokerURL)
    let queue = "\(service.prefix).realtime.00"
    for (name, code) in [(queue, AMQPError.Code.preconditionFailed), ("\(queue)-no", .notFound)] {
      let error = await #expect(throws: AMQPError.self) {
        try await client.perform([.checkReading(queue: name)])
      }
      #expect(error?.code == code)
    }
    let (messages, consumers) = try await client.depth(of: queue)
    #expect(messages == 1 && consumers == 0)
    await client.close()
  }

  @Test func `With one shard an account needs no permission for the queue that tells their number`()
    async throws
  {
    let service = try ServiceProcess(brokerURL: try #require(TestBroker.url))
    let account = try Account(service)
    try account.allow(butNotConfigure: "\(service.prefix).shards")
    try service.start(account.environment)
    try await service.waitUntilConsuming()
    #expect(service.log.contains("may not declare the queue that tells the number of shards"))
    #expect(try await service.stop() == 0)
    let (code, _, text) = try service.run(
      ["serve"],
      account.environment.merging([
        "MEDDELA_SHARDS_COUNT": "2", "MEDDELA_STORE_PATH": service.storePath + "2",
      ]) { $1 })
    #expect(code == 77 && text.contains("\(service.prefix).shards"), "\(text)")
  }

  @Test func `Commands name the permission that they lack in the same words`() async throws {
    let service = try ServiceProcess(brokerURL: try #require(TestBroker.url))
    #expect(try service.run(["topology", "apply"]).0 == 0)
    // An empty queue is not read.
    let client = try await TestBroker.client(service.brokerURL)
    for queue in ["parked", "unrouted", "owner.00"] {
      let name = "\(service.prefix).\(queue)"
      let message = ClientMessage(exchange: "", routingKey: name, body: [0x7B, 0x7D])
      #expect(try await client.publish([message]) == [.confirmed])
    }
    await client.close()
    let account = try Account(service)
    try TestBroker.control.run("set_permissions", account.name, "^$", "^$", "^$")
    let path = try service.file("one.json", TestEvents.body("one"))
    let prefix = service.prefix
    let cases: [([String], String)] = [
      (["publish", path], "write permission on the exchange \(prefix).realtime"),
      (["publish", "--lane", "batch", path], "write permission on the exchange \(prefix).batch"),
      (["publish", "--wait", path], "configure permission on the queue receipts.\(prefix)."),
      (["watch", "--count", "1"], "configure permission on the queue \(prefix).watch."),
      (["deliver", "--count", "1"], "read permission on the queue \(prefix).deliveries.email"),
      (["parked", "list"], "read permission on the queue \(prefix).parked"),
      (["parked", "discard", "--all"], "read permission on the queue \(prefix).parked"),
      (["unrouted", "list"], "read permission on the queue \(prefix).unrouted"),
      (["topology", "apply"], "configure permission on the exchange \(prefix).unrouted"),
      (["topology", "verify"], "configure permission on the exchange \(prefix).unrouted"),
      (["shards", "list"], "read permission on the queue \(prefix).owner.00"),
      (["shards", "adopt"], "configure permission on the queue \(prefix).shards"),
    ]
    for (arguments, sentence) in cases {
      let (code, _, err) = try service.run(arguments, account.environment)
      #expect(code == 77, "\(arguments): \(err)")
      let needs = "the account \(account.name) needs the \(sentence)"
      #expect(err.contains(needs), "\(arguments): \(err)")
      let command = "rabbitmqctl set_permissions -p / \(account.name) "
      #expect(err.contains(command), "\(arguments): \(err)")
    }
    try TestBroker.control.run("clear_permissions", account.name)
    let (code, _, err) = try service.run(["publish", path], account.environment)
    #expect(code == 77 && err.contains("set_permissions"), "\(err)")
  }
}
