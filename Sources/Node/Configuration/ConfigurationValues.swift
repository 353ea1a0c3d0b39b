internal import CDispatch
internal import Configuration
internal import Glibc

/// Where each key's value comes from: defaults, then a YAML file, then the environment, then
/// flags; the last that sets a key wins. Unknown keys are errors wherever they stand.
package struct ConfigurationValues: Sendable {
  package struct Value: Sendable {
    package var text: String
    /// For messages: `meddela.yaml:12`, `MEDDELA_HTTP_PORT`, `--set`, `default`.
    package var source: String
  }

  private var values: [String: Value] = [:]
  /// The variables of the environment that name services beside this one, and were passed over.
  package private(set) var passedOver: [String] = []

  /// - Parameters:
  ///   - path: the YAML file, if one is named.
  ///   - environment: the process's; only `MEDDELA_...` names are looked at.
  ///   - flags: `key=value` of each `--set`.
  package init(
    path: String?, environment: [String: String], flags: [String]
  ) throws(ConfigurationError) {
    var problems: [String] = []
    var file: [String: ConfigurationFile.Entry] = [:]
    if let path {
      let read = try Self.read(path)
      problems += read.problems
      for (name, entry) in read.entries {
        problems += Self.unknown(name, at: "\(path):\(entry.line)")
        file[name] = entry
      }
    }
    let known = Dictionary(
      uniqueKeysWithValues: ConfigurationKey.all.map { ($0.environmentName, $0.name) })
    var environment = environment
    for (name, value) in environment.sorted(by: { $0.key < $1.key })
    where name.hasPrefix("MEDDELA_") && !name.hasPrefix("MEDDELA_TEST_") {
      if ServiceLinks.contains(name, value: value, isKey: known[name] != nil) {
        environment[name] = nil
        passedOver.append(name)
      } else if known[name] == nil {
        problems.append("\(name): no such key in the environment")
      }
    }
    var flagValues: [String: String] = [:]
    for flag in flags {
      guard let separator = flag.firstIndex(of: "=") else {
        problems.append("--set \(flag): expected key=value")
        continue
      }
      let name = String(flag[..<separator])
      problems += Self.unknown(name, at: "--set")
      if ConfigurationKey.all.contains(where: { $0.name == name && $0.isSecret }) {
        problems.append("--set \(name): a secret is not taken from the command line")
      }
      flagValues[name] = String(flag[flag.index(after: separator)...])
    }
    guard problems.isEmpty else { throw ConfigurationError(problems: problems) }
    gather(flags: flagValues, environment: environment, file: file, path: path ?? "")
  }

  /// A key's value; nil when nothing sets it and it has no default.
  package func value(_ name: String) -> Value? { values[name] }

  /// Whether somebody has set it.
  package func isSet(_ name: String) -> Bool {
    values[name].map { $0.source != Self.defaultSource } ?? false
  }

  private static let defaultSource = "default"

  private mutating func gather(
    flags: [String: String], environment: [String: String],
    file: [String: ConfigurationFile.Entry], path: String
  ) {
    func reader(_ values: [String: String]) -> ConfigReader {
      ConfigReader(
        provider: InMemoryProvider(
          values: Dictionary(
            uniqueKeysWithValues: values.map {
              (AbsoluteConfigKey(ConfigKey($0.key)), ConfigValue(.string($0.value), isSecret: true))
            })))
    }
    let fromFlags = reader(flags)
    let fromEnvironment = ConfigReader(
      provider: EnvironmentVariablesProvider(environmentVariables: environment)
    ).scoped(to: "meddela")
    let fromFile = reader(file.mapValues(\.value))
    for key in ConfigurationKey.all {
      let name = ConfigKey(key.name)
      if let text = fromFlags.string(forKey: name) {
        values[key.name] = Value(text: text, source: "--set")
      } else if let text = fromEnvironment.string(forKey: name) {
        values[key.name] = Value(text: text, source: key.environmentName)
      } else if let text = fromFile.string(forKey: name) {
        let line = file[key.name]?.line ?? 1
        values[key.name] = Value(text: text, source: "\(path):\(line)")
      } else if let text = key.defaultValue {
        values[key.name] = Value(text: text, source: Self.defaultSource)
      }
    }
  }

  /// What a file has for one key, whatever is wrong with the rest of it.
  package static func text(of name: String, inFile path: String) -> String? {
    guard let text = readText(path) else { return nil }
    return ConfigurationFile(path: path, text: text).entries.last { $0.name == name }?.entry.value
  }

  private static func read(_ path: String) throws(ConfigurationError) -> ConfigurationFile {
    guard let text = readText(path) else {
      throw ConfigurationError(problems: [
        "\(path): cannot be read: \(String(cString: strerror(errno)))"
      ])
    }
    return ConfigurationFile(path: path, text: text)
  }

  private static func unknown(_ name: String, at place: String) -> [String] {
    if ConfigurationKey.all.contains(where: { $0.name == name }) { return [] }
    let near = ConfigurationKey.all.map { (key: $0.name, distance: editDistance($0.name, name)) }
      .min { $0.distance < $1.distance }
    // A slip of the pen, or a part left out; what is further off would only lead astray.
    let hint = near.flatMap { near in
      near.distance <= max(2, name.count / 4) ? "; the nearest is \(near.key)" : nil
    }
    return ["\(place): \(name): no such key\(hint ?? "; `meddela config show` lists them")"]
  }

  private static func editDistance(_ a: String, _ b: String) -> Int {
    let b = Array(b.lowercased())
    var row = Array(0...b.count)
    for (i, character) in a.lowercased().enumerated() {
      var diagonal = row[0]
      row[0] = i + 1
      for j in 0..<b.count {
        let substitution = diagonal + (character == b[j] ? 0 : 1)
        diagonal = row[j + 1]
        row[j + 1] = min(substitution, row[j] + 1, diagonal + 1)
      }
    }
    return row[b.count]
  }
}

/// A whole file as text; nil, with `errno` set, when it cannot be read.
package func readText(_ path: String) -> String? {
  readBytes(path).map { String(decoding: $0, as: UTF8.self) }
}

/// A whole file; nil, with `errno` set, when it cannot be read, or does not end within so many
/// bytes (`EFBIG`).
package func readBytes(_ path: String, atMost limit: Int = 64 << 20) -> [UInt8]? {
  let descriptor = open(path, O_RDONLY | O_CLOEXEC)
  guard descriptor >= 0 else { return nil }
  let bytes = readBytes(descriptor, atMost: limit)
  let code = errno
  close(descriptor)
  errno = code
  return bytes
}

/// The same of an open file, from where it stands.
package func readBytes(_ descriptor: Int32, atMost limit: Int) -> [UInt8]? {
  var status = stat()
  guard fstat(descriptor, &status) == 0 else { return nil }
  // A device like /dev/zero has no end; nothing that is meant comes from one in such amounts.
  let isDevice = status.st_mode & S_IFMT == S_IFCHR
  let limit = isDevice ? min(limit, 1 << 20) : limit
  var bytes: [UInt8] = []
  let size = status.st_mode & S_IFMT == S_IFREG ? Int(status.st_size) : 0
  bytes.reserveCapacity(min(size, limit))
  var buffer = [UInt8](repeating: 0, count: 1 << 16)
  while true {
    let count = read(descriptor, &buffer, buffer.count)
    if count < 0, errno == EINTR { continue }
    if count < 0 { return nil }
    if count == 0 { return bytes }
    bytes.append(contentsOf: buffer[..<count])
    if bytes.count > limit {
      errno = EFBIG
      return nil
    }
  }
}
