package import Execution
internal import Glibc
internal import Synchronization

/// The messages that a test has seen, written down, so that they can be held against their schemas
/// afterwards: `deploy/test` does, with `Tests/Contract/seen_messages.py`.
///
/// Where MEDDELA_TEST_MESSAGES names no folder, nothing is written.
package enum SeenMessages {
  /// Each has a file `<kind>.ndjson` of its own, one message a line.
  package enum Kind: String, CaseIterable, Sendable {
    case delivery
    case statusUpdate = "status-update"
    case receipt
  }

  /// Larger ones are not written down: tests send them by the hundred, to fill memories.
  private static let mostBytes = 64 << 10

  private static let folder: String? = getenv("MEDDELA_TEST_MESSAGES").map { String(cString: $0) }
  private static let files = Mutex<[Kind: Int32]>([:])

  /// - Parameter body: JSON without line breaks, as this program writes it.
  package static func add(_ kind: Kind, _ body: [UInt8]) {
    guard let folder, body.count <= mostBytes else { return }
    let file = files.withLock { files in
      if let file = files[kind] { return file }
      let file = open("\(folder)/\(kind.rawValue).ndjson", O_WRONLY | O_CREAT | O_APPEND, 0o644)
      precondition(file >= 0, "MEDDELA_TEST_MESSAGES names a folder that can be written to")
      files[kind] = file
      return file
    }
    // In one write: several processes append to the same file.
    let line = body + [UInt8(ascii: "\n")]
    let written = line.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
    precondition(written == line.count, "the messages of a test fit the disk")
  }
}

extension SeenMessages {
  /// What an engine has published; what it parks is somebody else's.
  package static func add(_ exchange: OutboundExchange, _ body: [UInt8]) {
    switch exchange {
    case .deliveries: add(.delivery, body)
    case .status: add(.statusUpdate, body)
    case .direct: add(.receipt, body)
    case .parked: break
    }
  }
}
