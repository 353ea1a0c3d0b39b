internal import ArgumentParser

/// `meddela shards`: which store a shard's queues belong to.
struct ShardsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "shards", abstract: "Shows and changes which store the queues belong to.",
    subcommands: [ShardsListCommand.self, ShardsAdoptCommand.self])
}
