package import ArgumentParser

/// `meddela`: the whole command line.
package struct MeddelaCommand: AsyncParsableCommand {
  package static let configuration = CommandConfiguration(
    commandName: "meddela",
    abstract: "Executes transactional messages: events in, deliveries out, every status kept.",
    version: programVersion,
    subcommands: [
      ServeCommand.self, PublishCommand.self, WatchCommand.self, DeliverCommand.self,
      EventsCommand.self, TemplatesCommand.self, TopologyCommand.self, ParkedCommand.self,
      UnroutedCommand.self, ShardsCommand.self, StoreCommand.self, ConfigCommand.self,
    ])

  package init() {}
}
