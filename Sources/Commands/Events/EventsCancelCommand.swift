internal import ArgumentParser
internal import Messages
internal import Node

/// `meddela events cancel`: nothing more of an event is to go out.
struct EventsCancelCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cancel",
    abstract: "Cancels events that are pending: nothing of them goes out.",
    discussion: """
      A pending event becomes ignored, with the reason cancelled; of a failed one that waits for \
      its fallback channel the fallback is given up. An event that has not come yet is cancelled \
      when it comes, as long as the store keeps an id (store.retentionDays). One whose delivery \
      is out stays, and that ends the command with 65. Done through the running service, over the \
      socket in its store. Of several shards the one is asked that has the event.
      """)

  @OptionGroup var configuration: ConfigurationOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var waiting: WaitingOptions

  @Argument(help: "The events' ids.")
  var ids: [String]

  func validate() throws {
    for id in ids where !Array(id.utf8).withUnsafeBytes({ isEventID($0) }) {
      throw ValidationError("an event's id is 1 to 128 printable ASCII characters")
    }
  }

  func run() async throws {
    try await reportingFailure {
      let node = try configuration.load()
      let owners = try Self.owners(ids, node)
      let clients = ControlClients(node, waiting)
      var results = ControlResults(json: output.json, namesAll: true)
      for (id, shard) in zip(ids, owners) {
        results.add(try clients.client(of: shard).cancel(id), of: id)
      }
      try results.finish(verb: "cancelled")
    }
  }

  /// The shard of each event. All are looked for before the first is cancelled.
  ///
  /// - Throws: when there are several shards and none here has it: the broker knows which one will
  ///   get it.
  private static func owners(_ ids: [String], _ node: NodeConfiguration) throws -> [ShardNumber] {
    guard node.shards.count > 1 else { return ids.map { _ in .first } }
    let shards = try StoredEvents(node).shards
    return try ids.map { id in
      for shard in shards where try !shard.history(of: id).updates.isEmpty { return shard.number }
      throw CommandFailure(
        """
        no shard in \(node.storePath) has the event \(id); `meddela publish --cancel` cancels one \
        wherever it is, and one that has not come yet
        """, .noInput)
    }
  }
}
