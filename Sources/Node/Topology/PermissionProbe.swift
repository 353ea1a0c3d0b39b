internal import AMQP

/// Finds out what the account may not, before anything depends on it, and changes nothing.
///
/// The broker asks for permissions by name alone, and before it looks whether anything of that name
/// is there. Taking away a binding of an exchange to another needs the write permission on the
/// destination, which is asked for first, and the read permission on the source. There is no such
/// binding, so nothing happens where both are given: one round trip for two permissions, and no
/// line in the broker's log. (RabbitMQ 3.10.8 and 4.0.5: rabbit_channel, binding_action.)
///
/// A queue is asked for by the name of an exchange that way. An authorisation of its own making
/// may tell the two apart, so a queue that seems refused is asked for once more, as a queue.
struct PermissionProbe {
  private var writes: [AccountNeeds.Need]
  private var reads: [AccountNeeds.Need]
  /// Queues that seem refused.
  private var doubts: [AccountNeeds.Need] = []
  /// A destination that may be written to.
  private var writable: String?
  /// A source for writes beyond the last read, whether it may be read or not.
  private let anySource: String
  /// What the account may not, and the need that it is for.
  private(set) var missing: [(need: AccountNeeds.Need, refusal: AccessRefusal)] = []

  init(_ needs: AccountNeeds) {
    writes = needs.writes
    reads = needs.reads
    anySource = needs.reads.first?.name ?? ""
  }

  /// The binding that is taken away, and never was.
  private static let routingKey = "meddela.permission-probe"

  /// What to ask next; nil when all is known.
  var next: TopologyOperation? {
    if let doubt = doubts.first { return .checkReading(queue: doubt.name) }
    if writes.isEmpty, reads.isEmpty { return nil }
    guard let destination = writes.first?.name ?? writable else { return nil }
    return .unbindExchange(
      destination: destination, source: reads.first?.name ?? anySource,
      routingKey: Self.routingKey)
  }

  /// The answer to `next`. Only a refusal that names one of the two counts: any other error comes
  /// after the permissions were looked at, or says nothing about them.
  mutating func answered(_ result: Result<[TopologyAnswer], AMQPError>) {
    var refusal: AccessRefusal?
    if case .failure(let error) = result { refusal = error.refusal }
    if refusal?.kind == .topic { refusal = nil }
    if !doubts.isEmpty { return settleDoubt(refusal) }
    let source = reads.first?.name ?? anySource
    if let write = writes.first, let refusal, refusal.name == write.name {
      writes.removeFirst()
      add(write, refusal)
      if writes.isEmpty, writable == nil { askForQueuesOnly() }
      return
    }
    if let write = writes.first {
      writes.removeFirst()
      writable = write.name
    }
    guard let read = reads.first else { return }
    reads.removeFirst()
    guard let refusal, refusal.name == source else { return }
    if read.kind == .queue { doubts.append(read) } else { add(read, refusal) }
  }

  /// Without anything to write to, the broker would not come to the source.
  private mutating func askForQueuesOnly() {
    doubts += reads.filter { $0.kind == .queue }
    reads = []
  }

  private mutating func settleDoubt(_ refusal: AccessRefusal?) {
    let need = doubts.removeFirst()
    if let refusal { add(need, refusal) }
  }

  private mutating func add(_ need: AccountNeeds.Need, _ refusal: AccessRefusal) {
    let named = AccessRefusal(
      need.permission, need.kind, need.name, vhost: refusal.vhost, user: refusal.user)
    missing.append((need, named))
  }
}
