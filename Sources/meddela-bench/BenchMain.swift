internal import ArgumentParser

/// `meddela-bench`: what the service does beside what the broker allows, the event log beside what
/// the disk allows, and a calm producer beside all that others do.
@main
struct BenchMain: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "meddela-bench",
    abstract: "Measures the service against a bare relay, and the event log against the disk.",
    subcommands: [
      ServiceBenchCommand.self, StoreBenchCommand.self, FairnessCommand.self, RelayCommand.self,
      StoreWriterCommand.self, StoreCheckCommand.self, StoreEnduranceCommand.self,
      StoreSegmentsCommand.self, StoreStartCommand.self, SimulateCommand.self,
    ],
    defaultSubcommand: ServiceBenchCommand.self)
}
