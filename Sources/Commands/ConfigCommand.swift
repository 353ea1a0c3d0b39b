internal import ArgumentParser
internal import JSON
internal import Node

/// `meddela config`: what the configuration comes to.
struct ConfigCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "config", abstract: "Shows the configuration.",
    subcommands: [ShowCommand.self])

  /// `meddela config show`: every key, its value and where it is from; secrets are masked.
  struct ShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "show", abstract: "Prints every key, its value and where it comes from.")

    @OptionGroup var configuration: ConfigurationOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
      try await reportingFailure {
        let values = try configuration.values()
        _ = try configuration.load()
        var table = TextTable(["KEY", "VALUE", "FROM"])
        for key in ConfigurationKey.all {
          let value = values.value(key.name)
          let text = value.map { key.isSecret ? "********" : $0.text }
          if output.json {
            writeLine(Self.json(key.name, text, value?.source ?? "unset"))
          } else {
            table.add([key.name, text ?? "", value?.source ?? "unset"])
          }
        }
        if !output.json { writeLine(table.text) }
      }
    }

    private static func json(_ key: String, _ value: String?, _ source: String) -> String {
      var object = JSONObjectText()
      object.add("key", key)
      object.add("value", value)
      object.add("from", source)
      return object.text
    }
  }
}
