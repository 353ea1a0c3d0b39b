internal import Yams

/// A YAML configuration file, flattened: `broker: {urls: [...]}` is `broker.urls`.
struct ConfigurationFile {
  struct Entry {
    /// A list's elements are joined by commas.
    var value: String
    var line: Int
  }

  let path: String
  private(set) var entries: [(name: String, entry: Entry)] = []
  private(set) var problems: [String] = []

  init(path: String, text: String) {
    self.path = path
    do {
      guard let root = try Yams.compose(yaml: text) else { return }
      guard case .mapping(let mapping) = root else {
        problems.append("\(path):1: expected keys and values, like `broker:`")
        return
      }
      add(mapping, under: "")
    } catch let error as YamlError {
      problems.append("\(path): not YAML: \(error)")
    } catch {
      problems.append("\(path): not YAML")
    }
  }

  private mutating func add(_ mapping: Node.Mapping, under prefix: String) {
    for (key, value) in mapping {
      let line = key.mark?.line ?? 1
      guard let name = key.string else {
        problems.append("\(path):\(line): expected a name before the colon")
        continue
      }
      let full = prefix + name
      switch value {
      case .mapping(let inner): add(inner, under: full + ".")
      case .scalar(let scalar): add(full, scalar.string, line)
      case .sequence(let sequence):
        let elements = sequence.compactMap(\.string)
        if elements.count == sequence.count {
          add(full, elements.joined(separator: ","), line)
        } else {
          problems.append("\(path):\(line): \(full): expected a list of plain values")
        }
      case .alias:
        problems.append("\(path):\(line): \(full): aliases are not supported")
      }
    }
  }

  private mutating func add(_ name: String, _ value: String, _ line: Int) {
    if entries.contains(where: { $0.name == name }) {
      problems.append("\(path):\(line): \(name) is set twice")
    }
    entries.append((name, Entry(value: value, line: line)))
  }
}
