import Foundation
import Testing

@testable import Node

/// What people read of the configuration is made from what the program takes.
@Suite struct ConfigurationPageTests {
  private static let deploy = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "deploy")

  @Test func `The handbook's table has every key, its default and what it is`() throws {
    let page = try Self.text("handbook/configuration.md")
    let rows = page.split(separator: "\n").filter { $0.hasPrefix("| `") }.map(String.init)
    #expect(rows == ConfigurationKey.all.map(Self.row))
  }

  @Test func `meddela.yaml names every key once`() throws {
    let names = Self.keys(of: try Self.text("meddela.yaml"))
    for key in ConfigurationKey.all {
      #expect(names.count { $0 == key.name } == 1, "\(key.name)")
    }
  }

  private static func row(_ key: ConfigurationKey) -> String {
    var choices = ""
    if case .choice(let values) = key.kind {
      choices = " (" + values.map { "`\($0)`" }.joined(separator: ", ") + ")"
    }
    let value = key.defaultValue.map { "`\($0)`" } ?? ""
    return "| `\(key.name)` | \(value) | \(key.summary)\(choices) |"
  }

  /// The keys of a YAML file with nothing but sections, those commented out among them.
  private static func keys(of yaml: String) -> [String] {
    var path: [(depth: Int, name: String)] = []
    var keys: [String] = []
    for line in yaml.split(separator: "\n") {
      guard let match = line.wholeMatch(of: /( *)(# )?( *)([a-zA-Z]+):( .*)?/) else { continue }
      let depth = match.output.1.count + match.output.3.count
      path.removeAll { $0.depth >= depth }
      path.append((depth, String(match.output.4)))
      keys.append(path.map(\.name).joined(separator: "."))
    }
    return keys
  }

  private static func text(_ path: String) throws -> String {
    try String(contentsOf: deploy.appending(path: path), encoding: .utf8)
  }
}
