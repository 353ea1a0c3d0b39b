import Messages
import Testing

@testable import AMQP
@testable import Node

/// A broker that knows permissions by name, as RabbitMQ does, and answers the probe.
private struct Permissions {
  var lacksWrite: Set<String> = []
  var lacksRead: Set<String> = []
  /// Exchanges by these names are refused, and queues are not.
  var lacksReadOfExchange: Set<String> = []

  func answer(_ operation: TopologyOperation) -> Result<[TopologyAnswer], AMQPError> {
    switch operation {
    case .unbindExchange(let destination, let source, _, _):
      if lacksWrite.contains(destination) { return refused(.exchange, destination, operation) }
      if lacksRead.union(lacksReadOfExchange).contains(source) {
        return refused(.exchange, source, operation)
      }
      return .success([.done])
    case .checkReading(let queue):
      if lacksRead.contains(queue) { return refused(.queue, queue, operation) }
      return .failure(AMQPError(.preconditionFailed, "no such argument", nativeCode: 406))
    default:
      return .failure(AMQPError(.brokerError, "asked for something else: \(operation)"))
    }
  }

  private func refused(
    _ kind: AccessRefusal.Kind, _ name: String, _ operation: TopologyOperation
  ) -> Result<[TopologyAnswer], AMQPError> {
    let text =
      "ACCESS_REFUSED - access to \(kind.rawValue) '\(name)' in vhost '/' refused for user 'u'"
    return .failure(
      AMQPError(replyCode: 403, text: text, duringLogin: false, operation: operation))
  }
}

@Suite struct PermissionProbeTests {
  private static let topology = Topology(prefix: "m", channels: ["email"], hasHistory: false)
  private static let declaring = AccountNeeds(topology, shard: .first, .declare)
  private static let asserting = AccountNeeds(topology, shard: .first, .assert)

  /// What the probe found, as `permission kind name`; and how often it asked.
  private func run(
    _ permissions: Permissions, _ needs: AccountNeeds
  ) -> (missing: [String], asked: Int) {
    var probe = PermissionProbe(needs)
    var asked = 0
    while let next = probe.next, asked < 100 {
      asked += 1
      probe.answered(permissions.answer(next))
    }
    let missing = probe.missing.map { _, refusal in
      "\(refusal.permission?.rawValue ?? "?") \(refusal.kind.rawValue) \(refusal.name)"
    }
    return (missing, asked)
  }

  @Test func `Where all is given it asks a few times`() {
    let (missing, asked) = run(Permissions(), Self.asserting)
    #expect(missing.isEmpty && asked == 5)
    #expect(run(Permissions(), Self.declaring).asked == 8)
  }

  @Test func `Each permission that is missing alone is named`() {
    for needs in [Self.declaring, Self.asserting] {
      for write in needs.writes {
        let (missing, asked) = run(Permissions(lacksWrite: [write.name]), needs)
        #expect(missing == ["write exchange \(write.name)"])
        #expect(asked <= 10)
      }
      for read in needs.reads {
        let (missing, _) = run(Permissions(lacksRead: [read.name]), needs)
        #expect(missing == ["read \(read.kind.rawValue) \(read.name)"])
      }
    }
  }

  @Test func `All that are missing are named at one time`() {
    let needs = Self.declaring
    for count in 0...needs.writes.count {
      let writes = needs.writes.prefix(count).map(\.name)
      let reads = needs.reads.filter { $0.kind == .queue }.map(\.name)
      let (missing, _) = run(
        Permissions(lacksWrite: Set(writes), lacksRead: Set(reads)), needs)
      let expected =
        writes.map { "write exchange \($0)" } + reads.map { "read queue \($0)" }
      #expect(Set(missing) == Set(expected) && missing.count == expected.count, "\(missing)")
    }
  }

  @Test func `A queue is not taken for refused because an exchange by its name is`() {
    let needs = Self.asserting
    let names = Set(needs.reads.map(\.name))
    #expect(run(Permissions(lacksReadOfExchange: names), needs).missing.isEmpty)
  }

  @Test(arguments: [AMQPError.Code.notFound, .brokerError, .accessRefused, .callTimeout])
  func `What says nothing of a permission is no refusal`(code: AMQPError.Code) {
    var probe = PermissionProbe(Self.declaring)
    var asked = 0
    while probe.next != nil, asked < 100 {
      asked += 1
      probe.answered(.failure(AMQPError(code, "no")))
    }
    #expect(probe.missing.isEmpty && asked == 8)
  }

  @Test func `The sentence says what is missing, for what, and gives the command`() {
    let refusals = [
      AccessRefusal(.write, .exchange, "m.status", vhost: "/", user: "u"),
      AccessRefusal(.configure, .queue, "m.owner.00.lease", vhost: "/", user: "u"),
    ]
    let declared = Self.declaring.error(refusals)
    #expect(declared.exitCode == 77)
    #expect(
      declared.message == #"""
        access-refused: the account u lacks in the virtual host /: the write permission on the \#
        exchange m.status (to publish status updates); the configure permission on the queue \#
        m.owner.00.lease (to hold the lease). All that the service needs is given by: \#
        rabbitmqctl set_permissions -p / u '^m\.' '^(m\.|amq\.default$)' '^m\.'
        """#)
    let asserted = Self.asserting.error(Array(refusals.prefix(1)))
    #expect(
      asserted.message.hasSuffix(
        #"""
        rabbitmqctl set_permissions -p / u '^m\.owner\.[0-9]+\.lease$' \#
        '^(m\.(deliveries|status|parked|owner)|amq\.default)$' \#
        '^m\.(realtime|batch|delivery-logs|owner)\.[0-9]+$'
        """#))
  }
}
