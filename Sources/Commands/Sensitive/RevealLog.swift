internal import Glibc
internal import Logging
internal import Node

/// Says what one command reveals, before it is shown: on standard error, as a log line in the
/// configured format, and in the log of the service that runs on the store, if one does.
final class RevealLog {
  private let node: NodeConfiguration
  private let command: String
  private let logger: Logger
  private var service: Service = .unknown
  private var count = 0

  /// So many are named, each in a line; the others are counted.
  private static let mostNamed = 100
  private static let timeoutSeconds = 5.0

  private enum Service {
    case unknown, absent
    case running(ControlClient)
  }

  init(_ node: NodeConfiguration, command: String) {
    self.node = node
    self.command = command
    logger = LogSetup.logger(level: "notice", format: node.logFormat)
  }

  /// - Parameter subject: what is going to be shown, as in `event o-1042`.
  func note(_ subject: String) {
    count += 1
    if count <= Self.mostNamed {
      write(subject)
    } else if count == Self.mostNamed + 1 {
      write("more than \(Self.mostNamed): the others are counted at the end")
    }
  }

  /// Says how many there were, when not each was named.
  func finish() {
    if count > Self.mostNamed { write("\(count) in all") }
    count = 0
  }

  private func write(_ subject: String) {
    let notice = RevealNotice(
      command: command, subject: subject, user: Self.user, host: Self.host)
    notice.log(logger)
    if case .unknown = service {
      // Any shard of the store: they write one log.
      let shards = (try? StoreShards(node).numbers) ?? []
      service = .absent
      for shard in shards {
        guard let client = try? ControlClient(node, shard, timeoutSeconds: Self.timeoutSeconds)
        else { continue }
        service = .running(client)
        break
      }
    }
    guard case .running(let client) = service else { return }
    do {
      try client.note(notice)
    } catch {
      service = .absent
      warn("the log of the running service does not have this: \(error.message)")
    }
  }

  /// The user of this process; with whom that was before `sudo`.
  private static let user: String = {
    let id = getuid()
    let name = getpwuid(id).map { String(cString: $0.pointee.pw_name) } ?? "user \(id)"
    return processEnvironment()["SUDO_USER"].map { "\(name) (sudo by \($0))" } ?? name
  }()

  private static let host: String = {
    var name = [CChar](repeating: 0, count: 256)
    guard gethostname(&name, name.count - 1) == 0 else { return "" }
    return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }()
}
