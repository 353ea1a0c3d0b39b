internal import ArgumentParser

/// `meddela-bench`: what the service does beside what the broker allows.
@main
struct BenchMain: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "meddela-bench",
    abstract: "Measures the service against a bare relay on the same broker.",
    subcommands: [ServiceBenchCommand.self, RelayCommand.self, SimulateCommand.self],
    defaultSubcommand: ServiceBenchCommand.self)
}
