package import EventLog
internal import JSON
internal import LogSequence
package import Messages

/// Why a store may not have a shard's queues, or may no longer.
package enum OwnerRefusal: Equatable, Sendable {
  /// Another service has the lease. Nil: it has not written its record yet.
  case held(by: OwnerRecord?)
  /// Nobody has the lease, and the queues belong to another store.
  case otherStore(OwnerRecord)
  /// The same store, but a copy or a backup: the owner has gone on since.
  case behind(OwnerRecord, missing: UInt64)
  /// The same store, restored from a backup: its numbers count in another history.
  case restored(OwnerRecord, missing: UInt64)
  /// The owner queue holds messages, and none of them is a record.
  case unreadable

  /// Whether a store may take the queues of a free lease.
  ///
  /// - Parameters:
  ///   - record: the newest in the owner queue; nil for none.
  ///   - unreadable: whether there are other messages in it.
  ///   - store: nil where there is no store yet.
  /// - Returns: nil when it may.
  package static func judge(
    _ record: OwnerRecord?, unreadable: Bool, _ store: StoreStanding?
  ) -> OwnerRefusal? {
    guard let record else { return unreadable ? .unreadable : nil }
    let recorded = record.standing
    guard let store, store.storeID == recorded.storeID else { return .otherStore(record) }
    let missing = recorded.lsn > store.lsn ? UInt64(store.lsn.distance(to: recorded.lsn)) : 0
    if store.lineage > recorded.lineage { return .restored(record, missing: missing) }
    let isBehind =
      store.lineage < recorded.lineage || store.epoch < recorded.epoch || missing > 0
    return isBehind ? .behind(record, missing: missing) : nil
  }
}

/// The queues of one shard on a broker, as people know them.
package struct OwnedQueues: Sendable {
  package var prefix: String
  package var vhost: String
  package var shard: ShardNumber
  /// The shard's folder in the store.
  package var storePath: String

  package init(prefix: String, vhost: String, shard: ShardNumber, storePath: String) {
    self.prefix = prefix
    self.vhost = vhost
    self.shard = shard
    self.storePath = storePath
  }

  /// For messages.
  package var name: String {
    "the queues of shard \(shard) (prefix \(prefix), virtual host \(vhost))"
  }
}

extension OwnerRefusal {
  /// The sentence and the exit code: 75 where waiting helps, 78 where a person has to decide.
  package func error(_ queues: OwnedQueues) -> NodeError {
    switch self {
    case .held(let record):
      let owner = record.map { $0.text } ?? "a service that has not said yet who it is"
      return NodeError(
        message: """
          another service owns \(queues.name): \(owner). Stop it first, or set shards.standby to \
          true to wait for its end. This store is \(queues.storePath)
          """,
        exitCode: 75)
    case .otherStore(let record):
      return refused(
        queues, "belong to another store: \(record.text)",
        """
        Start the service on that store, or run `meddela shards adopt` to hand them to this one: \
        ids that only the other store knows are then accepted again, and its open events are not \
        carried on
        """)
    case .behind(let record, let missing):
      return refused(
        queues, "belong to a newer state of this store: \(record.text)",
        """
        This is a copy or an older backup, and \(Self.lacks(missing)). Start the service on the \
        newer one, or run `meddela shards adopt` to go on without them
        """)
    case .restored(let record, let missing):
      return refused(
        queues, "belong to the store that this one was restored from: \(record.text)",
        """
        \(Self.lacks(missing)). Run `meddela shards adopt` to go on with the restored one; its \
        status updates then carry its lineage
        """)
    case .unreadable:
      return NodeError(
        message: """
          \(queues.prefix).owner.\(queues.shard) holds messages that are no owner record. Run \
          `meddela shards adopt` to write one for this store (\(queues.storePath)); the others stay
          """,
        exitCode: 78)
    }
  }

  private static func lacks(_ missing: UInt64) -> String {
    switch missing {
    case 0: "it may lack records of the owner"
    case 1: "1 record of the owner is missing in it"
    default: "\(missing) records of the owner are missing in it"
    }
  }

  private func refused(_ queues: OwnedQueues, _ finding: String, _ advice: String) -> NodeError {
    NodeError(
      message: "\(queues.name) \(finding). \(advice). This store is \(queues.storePath)",
      exitCode: 78)
  }
}

extension OwnerRecord {
  /// For messages.
  package var text: String {
    var writer = ByteWriter(capacity: 32)
    time.write(to: &writer)
    let when = writer.withBytes { String(decoding: $0, as: UTF8.self) }
    return "store \(Self.printable(standing.storeID)), lineage \(standing.lineage), "
      + "\(standing.lsn) records, on host \(Self.printable(host)), seen \(when)"
  }

  /// It comes from the broker: no control character of it reaches a terminal.
  private static func printable(_ text: String) -> String {
    String(
      text.unicodeScalars.prefix(255).map {
        $0.properties.generalCategory == .control ? "?" : Character($0)
      })
  }
}
