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
      let shards = try await CommandBroker.with(node, waiting, as: "shards") { broker in
        var shards: [Standing] = []
        for shard in node.shards.all { shards.append(try await look(at: shard, node, broker)) }
        return shards
      }
      if output.json {
        for shard in shards { writeLine(shard.json) }
      } else {
        writeLine(Self.text(shards))
      }
    }
  }

  private func look(
    at shard: ShardNumber, _ node: NodeConfiguration, _ broker: CommandBroker
  ) async throws -> Standing {
    let queues = try OwnedQueues(node, shard)
    let store: StoreStanding?
    do {
      store = try StoreStanding.read(path: queues.storePath)
    } catch {
      throw CommandFailure(error)
    }
    let owner = OwnerQueue(broker: broker, shard: shard)
    let isHeld = try await owner.isHeld()
    let record = try await newest(owner)
    let isOurs = record.map { OwnerRefusal.judge($0, unreadable: false, store) == nil } ?? false
    return Standing(shard: shard, record: record, isHeld: isHeld, isOurs: isOurs)
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

  /// What is known of a shard.
  private struct Standing {
    let shard: ShardNumber
    /// The owner's newest; nil where there is none.
    let record: OwnerRecord?
    let isHeld: Bool
    let isOurs: Bool

    var json: String {
      var object = JSONObjectText()
      object.add("shard", "\(shard)")
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

    var cells: [String] {
      let cells = ["\(shard)", isHeld ? "held" : "free", isOurs ? "yes" : "no"]
      guard let record else { return cells + ["none", "", "", "", "", ""] }
      let standing = record.standing
      return cells + [
        standing.storeID.printable, "\(standing.lineage)", "\(standing.epoch)", "\(standing.lsn)",
        record.host.printable, record.seen,
      ]
    }
  }

  private static func text(_ shards: [Standing]) -> String {
    var table = TextTable([
      "SHARD", "LEASE", "OURS", "STORE", "LINEAGE", "EPOCH", "LSN", "HOST", "SEEN",
    ])
    for shard in shards { table.add(shard.cells) }
    return table.text
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
