internal import Glibc
internal import Logging
internal import Messages

/// Log lines go to standard error: text for people, JSON for programs.
enum LogSetup {
  /// - Parameter format: `text`, `json`, or nil for text on a terminal and JSON elsewhere.
  static func logger(level: String, format: String?) -> Logger {
    let isJSON = isJSON(format)
    var logger = Logger(label: "meddela") { _ in LineLogHandler(isJSON: isJSON) }
    logger.logLevel = Logger.Level(rawValue: level) ?? .info
    return logger
  }

  /// - Parameter format: of `log.format`; nil when it is not set.
  static func isJSON(_ format: String?) -> Bool {
    format.map { $0 == "json" } ?? !Terminal.errorIsTerminal
  }

  /// Why the service ends, in the form of its other log lines.
  static func writeFatal(_ failure: CommandFailure, format: String?) {
    guard isJSON(format) else { return warn(failure.message) }
    var object = JSONObjectText()
    object.add("time", WallClock.now().text)
    object.add("level", "critical")
    object.add("message", failure.message)
    object.add("exit.code", Int(failure.exit.rawValue))
    writeError(object.text + "\n")
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
    for (key, value) in fields {
      if Self.numbers.contains(key), Self.isNumber(value) {
        object.add(key, json: value)
      } else {
        object.add(key, value)
      }
    }
    return object.text
  }

  private func text(_ event: LogEvent, _ fields: [(String, String)]) -> String {
    let rest = fields.map { " \($0.0)=\($0.1.printable)" }.joined()
    return "\(Self.now()) \(event.level.rawValue) \(event.message)\(rest)"
  }

  /// The keys whose values are numbers, and are written as such in JSON.
  private static let numbers: Set<String> = [
    "channel.epoch", "messages", "publishes.unconfirmed", "retry.seconds", "seconds",
    "shard.activeEvents", "shard.eventsToRecover", "store.defaultSegmentBytes", "store.freeBytes",
    "store.indexedEvents", "store.lineage", "store.neededBytes", "store.nextLSN",
    "store.segmentBytes", "templates.count",
  ]

  private static func isNumber(_ text: String) -> Bool {
    text.utf8.allSatisfy { 0x30...0x39 ~= $0 || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-") }
      && Double(text) != nil
  }

  private static func now() -> String { WallClock.now().text }
}
