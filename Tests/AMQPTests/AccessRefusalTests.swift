import Testing

@testable import AMQP

/// What a 403 says, and what of that a person can act on.
@Suite struct AccessRefusalTests {
  private static let old = "ACCESS_REFUSED - access to"

  @Test(arguments: [
    (
      "\(old) queue 'm.realtime.00' in vhost '/' refused for user 'u'",
      AccessRefusal(nil, .queue, "m.realtime.00", vhost: "/", user: "u")
    ),
    (
      "ACCESS_REFUSED - write access to exchange 'a b' in vhost 'it's' refused for user 'o'x': no",
      AccessRefusal(.write, .exchange, "a b", vhost: "it's", user: "o")
    ),
    (
      "\(old) topic 'email.x' in exchange topic 'm.deliveries' in vhost '/' refused for user 'u'",
      AccessRefusal(nil, .topic, "m.deliveries", vhost: "/", user: "u")
    ),
    (
      "ACCESS_REFUSED - configure access to queue 'q' in vhost '/' refused for user 'u': by policy",
      AccessRefusal(.configure, .queue, "q", vhost: "/", user: "u")
    ),
  ])
  func `The broker's words are taken apart`(text: String, expected: AccessRefusal) {
    #expect(AccessRefusal(text) == expected)
  }

  @Test(arguments: [
    "", "ACCESS_REFUSED - Login was refused using authentication mechanism PLAIN.",
    "ACCESS_REFUSED - queue 'q' in vhost '/' in exclusive use",
    "ACCESS_REFUSED - operation not permitted on the default exchange",
    "ACCESS_REFUSED - access to queue 'q' in vho", "access to  refused for user '",
    "access to queue 'q' refused for user 'u'", "access to queue ' in vhost ' refused for user 'u",
    " refused for user 'u' access to queue 'q' in vhost '/'",
  ])
  func `Other words are no refusal of this kind`(text: String) {
    #expect(AccessRefusal(text) == nil)
  }

  private func refusal(_ kind: AccessRefusal.Kind, _ name: String) -> AccessRefusal {
    AccessRefusal(nil, kind, name, vhost: "/", user: "u")
  }

  private static let refused: [(TopologyOperation, AccessRefusal.Kind, String, String)] = [
    (.declareQueue(name: "a"), .queue, "a", "configure"),
    (.declareQueue(name: "a"), .exchange, "dlx", "write"),
    (.declareQueue(name: "a"), .exchange, "a", "write"),
    (.declareExchange(name: "a", type: "topic"), .exchange, "a", "configure"),
    (.declareExchange(name: "a", type: "topic"), .exchange, "alternate", "write"),
    (.bindQueue(queue: "a", exchange: "a", routingKey: "#"), .queue, "a", "write"),
    (.bindQueue(queue: "a", exchange: "a", routingKey: "#"), .exchange, "a", "read"),
    (.unbindExchange(destination: "a", source: "b", routingKey: ""), .exchange, "a", "write"),
    (.unbindExchange(destination: "a", source: "b", routingKey: ""), .exchange, "b", "read"),
    (.deleteQueue(name: "a"), .queue, "a", "configure"),
    (.purgeQueue(name: "a"), .queue, "a", "read"),
    (.checkReading(queue: "a"), .queue, "a", "read"),
  ]

  @Test(arguments: refused)
  func `What was asked for says which permission is missing`(
    operation: TopologyOperation, kind: AccessRefusal.Kind, name: String, permission: String
  ) {
    #expect(refusal(kind, name).of(operation).permission?.rawValue == permission)
    // What the broker says itself counts for more.
    var said = refusal(kind, name)
    said.permission = .read
    #expect(said.of(operation).permission == .read)
  }

  @Test func `The work channel publishes to exchanges and takes from queues`() {
    #expect(refusal(.exchange, "x").ofWork.permission == .write)
    #expect(refusal(.topic, "x").ofWork.permission == .write)
    #expect(refusal(.queue, "q").ofWork.permission == .read)
  }

  @Test func `An error says what is missing, on what, and how it is given`() {
    let error = AMQPError(
      replyCode: 403, text: "\(Self.old) exchange 'm.status' in vhost '/' refused for user 'a b'",
      duringLogin: false)
    #expect(error.code == .accessRefused)
    #expect(
      error.advice == """
        the account a b needs the write permission on the exchange m.status in the virtual host /: \
        `rabbitmqctl set_permissions -p / 'a b' CONFIGURE WRITE READ` sets three regular \
        expressions, and WRITE has to match this name, as '^m\\.status$' does; `rabbitmqctl \
        list_user_permissions 'a b'` shows those that are set
        """)
    #expect(AccessRefusal.quoted("it's") == #"'it'\''s'"#)
    #expect(AccessRefusal.escaped("a.b+c") == #"a\.b\+c"#)
  }

  @Test func `A refused call on the control channel knows what it was`() {
    var machine = ConnectionMachine.ready()
    let binding = TopologyOperation.bindQueue(queue: "q", exchange: "x", routingKey: "")
    _ = machine.call(1, [.declareQueue(name: "a"), binding])
    _ = machine.receive(.channelOpenOk, channel: 2)
    _ = machine.receive(.topologyOk(.queue(messages: 0, consumers: 0)), channel: 2)
    let text = "\(Self.old) exchange 'x' in vhost '/' refused for user 'u'"
    let actions = machine.receive(.channelClose(code: 403, text: text), channel: 2).flat
    guard case .event(.answered(call: 1, .failure(let error)))? = actions.dropFirst().first else {
      Issue.record("\(actions)")
      return
    }
    #expect(error.refusal == AccessRefusal(.read, .exchange, "x", vhost: "/", user: "u"))
  }
}
