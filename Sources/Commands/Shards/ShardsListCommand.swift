internal import AMQP
internal import ArgumentParser
internal import EventLog
internal import JSON
internal import LogSequence
internal import Messages
internal import Node

/// `meddela shards list`.
struct ShardsListCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list",
    abstract: "Says which store each shard's queues belong to, and whether its service runs.",
    discussion: """
      LEASE is held while the owner's connection lives. LSN is the owner's newest durable record, \
      at most 10 s old while it runs. OURS says whether store.path is that store, and able to go on.
      """)

  @OptionGroup var configuration: ConfigurationOptions
  @OptionGroup var waiting: WaitingOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    try await reportingFailure {
      let node = try configuration.load()
      let queues = try OwnedQueues(node)
      let store: StoreStanding?
      do {
        store = try StoreStanding.read(path: queues.storePath)
      } catch let error as EventLogError {
        throw CommandFailure(error)
      }
      try await CommandBroker.with(node, waiting, as: "shards") { broker in
        let owner = OwnerQueue(broker: broker)
        let isHeld = try await owner.isHeld()
        let record = try await newest(owner)
        let isOurs = record.map { OwnerRefusal.judge($0, unreadable: false, store) == nil } ?? false
        writeLine(
          output.json
            ? Self.json(queues, record, isHeld: isHeld, isOurs: isOurs)
            : Self.text(queues, record, isHeld: isHeld, isOurs: isOurs))
      }
    }
  }

  private func newest(_ owner: OwnerQueue) async throws -> OwnerRecord? {
    do {
      let contents = try await owner.read()
      await contents.browser.close()
      return contents.newest
    } catch let error as AMQPError where error.code == .notFound {
      return nil
    }
  }

  private static func text(
    _ queues: OwnedQueues, _ record: OwnerRecord?, isHeld: Bool, isOurs: Bool
  ) -> String {
    var table = TextTable([
      "SHARD", "LEASE", "OURS", "STORE", "LINEAGE", "EPOCH", "LSN", "HOST", "SEEN",
    ])
    let lease = isHeld ? "held" : "free"
    if let record {
      let standing = record.standing
      table.add([
        "\(queues.shard)", lease, isOurs ? "yes" : "no", standing.storeID.printable,
        "\(standing.lineage)", "\(standing.epoch)", "\(standing.lsn)",
        record.host.printable, record.seen,
      ])
    } else {
      table.add(["\(queues.shard)", lease, "no", "none", "", "", "", "", ""])
    }
    return table.text
  }

  private static func json(
    _ queues: OwnedQueues, _ record: OwnerRecord?, isHeld: Bool, isOurs: Bool
  ) -> String {
    var object = JSONObjectText()
    object.add("shard", "\(queues.shard)")
    object.add("held", isHeld)
    object.add("ours", isOurs)
    object.add("identity", record?.standing.storeID)
    object.add("lineage", record.map { Int($0.standing.lineage) })
    object.add("epoch", record.map { Int($0.standing.epoch) })
    object.add("lsn", record?.standing.lsn)
    object.add("host", record?.host)
    object.add("time", record?.seen)
    return object.text
  }
}

extension OwnerRecord {
  /// When it was written.
  var seen: String {
    var writer = ByteWriter(capacity: 32)
    time.write(to: &writer)
    return writer.withBytes { String(decoding: $0, as: UTF8.self) }
  }
}
