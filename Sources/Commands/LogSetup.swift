internal import Glibc
internal import Logging
internal import Messages

/// Log lines go to standard error: text for people, JSON for programs.
enum LogSetup {
  /// - Parameter format: `text`, `json`, or nil for text on a terminal and JSON elsewhere.
  static func logger(level: String, format: String?) -> Logger {
    let isJSON = format.map { $0 == "json" } ?? !Terminal.errorIsTerminal
    var logger = Logger(label: "meddela") { _ in LineLogHandler(isJSON: isJSON) }
    logger.logLevel = Logger.Level(rawValue: level) ?? .info
    return logger
  }
}

/// One line an entry, written in one call so that lines of several threads do not mix.
struct LineLogHandler: LogHandler {
  let isJSON: Bool
  var metadata: Logger.Metadata = [:]
  var logLevel = Logger.Level.info

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    let all = metadata.merging(event.metadata ?? [:]) { _, new in new }
    let fields = all.sorted { $0.key < $1.key }.map { ($0.key, "\($0.value)") }
    var line = isJSON ? json(event, fields) : text(event, fields)
    line += "\n"
    line.withUTF8 { bytes in
      _ = write(STDERR_FILENO, bytes.baseAddress, bytes.count)
    }
  }

  private func json(_ event: LogEvent, _ fields: [(String, String)]) -> String {
    var object = JSONObjectText()
    object.add("time", Self.now())
    object.add("level", event.level.rawValue)
    object.add("message", "\(event.message)")
    for (key, value) in fields { object.add(key, value) }
    return object.text
  }

  private func text(_ event: LogEvent, _ fields: [(String, String)]) -> String {
    let rest = fields.map { " \($0.0)=\($0.1)" }.joined()
    return "\(Self.now()) \(event.level.rawValue) \(event.message)\(rest)"
  }

  private static func now() -> String { WallClock.now().text }
}
