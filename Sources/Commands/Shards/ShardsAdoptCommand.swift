internal import AMQP
internal import ArgumentParser
internal import EventLog
internal import Execution
internal import Glibc
internal import Messages
internal import Node

/// `meddela shards adopt`.
struct ShardsAdoptCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "adopt",
    abstract: "Hands the queues to the store at store.path, on purpose.",
    discussion: """
      For a store that `serve` has refused with 78: another one, a copy, a restored backup, or one \
      whose prefix or virtual host was changed. No service may run on the queues or on the store. \
      What only the present owner knows is not carried over: ids that this store does not know are \
      accepted again, and the owner's open events are not worked on. The store gets a higher \
      lineage, which its status updates carry.
      """)

  @OptionGroup var configuration: ConfigurationOptions
  @OptionGroup var waiting: WaitingOptions

  @Option(help: "The shard, where there are several.")
  var shard: Int?

  @Flag(help: "Say what would happen, and change nothing.")
  var dryRun = false

  func run() async throws {
    try await reportingFailure {
      let node = try configuration.load()
      let shard = try chosenShard(node.shards)
      let queues = try OwnedQueues(node, shard)
      try await CommandBroker.with(node, waiting, as: "shards") { broker in
        let owner = OwnerQueue(broker: broker, shard: shard)
        try await owner.declare(node.topologyMode)
        let isOurs = try await owner.claim()
        let contents = try await owner.read()
        do {
          guard isOurs else {
            throw CommandFailure(OwnerRefusal.held(by: contents.newest).error(queues))
          }
          try await adopt(node, queues, owner, contents)
        } catch {
          await contents.browser.close()
          throw error
        }
        await contents.browser.close()
      }
    }
  }

  private func chosenShard(_ shards: ShardSet) throws -> ShardNumber {
    guard shards.count > 1 || shard != nil else { return .first }
    guard let shard, let chosen = shards.all.first(where: { Int($0.value) == shard }) else {
      throw CommandFailure(
        "expected --shard with one of 0 to \(shards.count - 1) (shards.count)", .usage)
    }
    return chosen
  }

  private func adopt(
    _ node: NodeConfiguration, _ queues: OwnedQueues, _ owner: OwnerQueue,
    _ contents: OwnerQueue.Contents
  ) async throws {
    let wanted = RecordedQueues(
      prefix: queues.prefix, vhost: queues.vhost, shards: node.shards.count)
    do {
      let (recorded, isReadable) = Self.recorded(queues.storePath)
      let store = try StoreStanding.read(path: queues.storePath)
      try recorded?.checkCount(wanted.shards, queues.storePath)
      if store != nil { try StoreStanding.refuseWriter(path: queues.storePath) }
      let refusal = OwnerRefusal.judge(
        contents.newest, unreadable: contents.isUnreadable, store)
      let isSame = isReadable && (recorded == wanted || recorded == nil)
      if contents.newest != nil, refusal == nil, isSame {
        return writeLine("\(queues.name) belong to this store already: nothing is changed")
      }
      let lineage = Self.lineage(store, contents.newest, refusal)
      tell(queues, contents.newest, refusal, recorded, lineage)
      if dryRun { return }
      let adopted = try Self.prepare(node, queues, lineage)
      try wanted.write(queues.storePath)
      try await owner.replace(
        contents,
        by: OwnerRecord(
          standing: adopted, host: OwnerRecord.thisHost, time: NodeClock.now().wall))
    } catch let error as EventLogError {
      throw CommandFailure(error)
    } catch let error as NodeError {
      throw CommandFailure(error)
    }
  }

  /// What the store says that its queues are. One that cannot be read is written anew.
  private static func recorded(_ path: String) -> (queues: RecordedQueues?, isReadable: Bool) {
    do {
      return (try RecordedQueues.read(path), true)
    } catch {
      return (nil, false)
    }
  }

  /// Higher than the recorded one, where the owner's numbers could be given again.
  private static func lineage(
    _ store: StoreStanding?, _ newest: OwnerRecord?, _ refusal: OwnerRefusal?
  ) -> UInt64 {
    let own = store?.lineage ?? 0
    guard let newest, refusal != nil else { return own }
    return max(own, newest.standing.lineage + 1)
  }

  /// Makes the store, if there is none, and gives it its lineage.
  private static func prepare(
    _ node: NodeConfiguration, _ queues: OwnedQueues, _ lineage: UInt64
  ) throws -> StoreStanding {
    let path = queues.storePath
    if try StoreStanding.read(path: path) == nil {
      let options = EventLogOptions(node, shard: queues.shard)
      _ = try StoreRoom.check(options)
      if mkdir(node.storePath, 0o750) != 0, errno != EEXIST {
        throw CommandFailure(
          "\(node.storePath): \(String(cString: strerror(errno)))", .cannotCreate)
      }
      try EventLog.open(options, callbacks: EventLogCallbacks(onFailure: { _ in })).close()
    }
    guard let store = try StoreStanding.read(path: path) else {
      throw CommandFailure("\(path): the store that was made is not there", .inputOutput)
    }
    if store.lineage != lineage { try StoreLineage(path: path).set(lineage) }
    var adopted = store
    adopted.lineage = lineage
    return adopted
  }

  private func tell(
    _ queues: OwnedQueues, _ newest: OwnerRecord?, _ refusal: OwnerRefusal?,
    _ recorded: RecordedQueues?, _ lineage: UInt64
  ) {
    let verb = dryRun ? "would belong" : "belong"
    writeLine(
      "\(queues.name) \(verb) to the store at \(queues.storePath) from now on, lineage \(lineage)")
    if let newest { writeLine("before: \(newest.text)") }
    switch refusal {
    case .otherStore:
      writeLine(
        "ids that only the other store knows are accepted again, and its open events are not "
          + "carried on: look at them with `meddela events list` on that store")
    case .behind(_, let missing), .restored(_, let missing):
      writeLine(
        "\(missing) records of the owner are missing here: what they say of their events is lost, "
          + "ids that came since are accepted again, and deliveries may go out a second time")
    case .unreadable, .held, nil: break
    }
    if let recorded, recorded.prefix != queues.prefix || recorded.vhost != queues.vhost {
      writeLine(
        "what still comes by the prefix \(recorded.prefix) in the virtual host \(recorded.vhost) "
          + "is not taken any more: look into its queues, and let the producers go over")
    }
  }
}
