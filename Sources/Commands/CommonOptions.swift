internal import ArgumentParser
internal import Glibc
internal import Node

/// Where the configuration comes from. Every command takes these.
struct ConfigurationOptions: ParsableArguments {
  @Option(name: .long, help: "YAML file with the configuration.")
  var config: String?

  @Option(
    name: .customLong("set"), parsing: .singleValue,
    help: "Sets one key: --set store.path=data. May be given several times.")
  var settings: [String] = []

  func values() throws -> ConfigurationValues {
    do {
      return try ConfigurationValues(
        path: config, environment: processEnvironment(), flags: settings)
    } catch {
      throw CommandFailure(error.description, .configuration)
    }
  }

  /// `log.format` as flags, environment or file have it, whatever else is wrong.
  var logFormat: String? {
    let flag = settings.last { $0.hasPrefix("log.format=") }?.dropFirst("log.format=".count)
    return flag.map(String.init) ?? processEnvironment()["MEDDELA_LOG_FORMAT"]
      ?? config.flatMap { ConfigurationValues.text(of: "log.format", inFile: $0) }
  }

  func load() throws -> NodeConfiguration {
    let values = try values()
    do {
      return try NodeConfiguration(values)
    } catch {
      throw CommandFailure(error.description, .configuration)
    }
  }
}

/// How results are printed.
struct OutputOptions: ParsableArguments {
  @Flag(name: .long, help: "Print JSON, one object a line.")
  var json = false
}

/// The environment of this process.
func processEnvironment() -> [String: String] {
  var result: [String: String] = [:]
  var entry = environ
  while let pointer = entry.pointee {
    let text = String(cString: pointer)
    if let separator = text.firstIndex(of: "=") {
      result[String(text[..<separator])] = String(text[text.index(after: separator)...])
    }
    entry += 1
  }
  return result
}
