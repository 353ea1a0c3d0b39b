internal import JSON
package import Logging

/// A person has had something sensitive shown. The command says so in its own log line, and tells
/// the running service, if there is one, over the control socket: whose log is kept.
///
/// The request is one line,
/// `{"command":"note-reveal","with":"events show","of":"event o-1042","by":"anna","host":"adm-1"}`;
/// the answer is `{"outcome":"done"}`.
package struct RevealNotice: Equatable, Sendable {
  /// The command that showed it, as in `events show`.
  package let command: String
  /// What was shown, as in `event o-1042`.
  package let subject: String
  /// The user of the operating system.
  package let user: String
  package let host: String

  /// All of it has to fit into one request.
  private static let mostSubjectBytes = 300
  private static let mostNameBytes = 100

  package init(command: String, subject: String, user: String, host: String) {
    self.command = Self.cut(command, Self.mostNameBytes)
    self.subject = Self.cut(subject, Self.mostSubjectBytes)
    self.user = Self.cut(user, Self.mostNameBytes)
    self.host = Self.cut(host, Self.mostNameBytes)
  }

  /// Nil for anything but such a request.
  init?(_ line: [UInt8]) {
    let parts = try? JSONParser().withDocument(line) { root -> [String]? in
      guard root["command"]?.asString?.string == Self.name else { return nil }
      return [root["with"], root["of"], root["by"], root["host"]].map {
        $0?.asString?.string ?? ""
      }
    }
    guard let parts else { return nil }
    self.init(command: parts[0], subject: parts[1], user: parts[2], host: parts[3])
  }

  private static let name = "note-reveal"

  /// The request, with its line end.
  package var request: [UInt8] {
    var writer = ByteWriter(capacity: 512)
    writer.write("{\"command\":")
    writer.writeJSONString(Self.name)
    writer.write(",\"with\":")
    writer.writeJSONString(command)
    writer.write(",\"of\":")
    writer.writeJSONString(subject)
    writer.write(",\"by\":")
    writer.writeJSONString(user)
    writer.write(",\"host\":")
    writer.writeJSONString(host)
    writer.write("}\n")
    return writer.array()
  }

  /// The answer, with its line end.
  package static let answer = Array("{\"outcome\":\"done\"}\n".utf8)

  /// Writes the log line, whatever the level of the log is.
  package func log(_ logger: Logger) {
    var logger = logger
    logger.logLevel = .notice
    logger.notice(
      "Sensitive content was revealed",
      metadata: [
        LogKey.revealCommand: "\(command)", LogKey.revealed: "\(subject)",
        LogKey.revealUser: "\(user)", LogKey.revealHost: "\(host)",
      ])
  }

  private static func cut(_ text: String, _ bytes: Int) -> String {
    guard text.utf8.count > bytes else { return text }
    return String(decoding: text.utf8.prefix(bytes), as: UTF8.self) + "…"
  }
}
