/// The one error of the event log: what happened, where, and what a person can do.
///
/// Never carries a payload or an id.
package struct EventLogError: Error, Sendable, Equatable {
  package enum Code: String, Sendable {
    /// Another process holds the store.
    case locked
    /// Another process has taken the store from this one, which must not write it any more.
    case fenced
    /// The directory or file is not an event log.
    case notAStore = "not-a-store"
    /// There is no event log where there must be one.
    case missing
    /// A format of another version of the program.
    case unsupportedFormat = "unsupported-format"
    /// Bytes that were durable are not what was written.
    case damaged
    /// The same of a file that is derived from the log, and can be made again.
    case derivedDamaged = "derived-damaged"
    case readFailed = "read-failed"
    case writeFailed = "write-failed"
    case cannotCreate = "cannot-create"
    /// The caller's `replay` threw.
    case replayRefused = "replay-refused"
    case badOptions = "bad-options"
    /// The log was closed before it could answer.
    case closed
  }

  package let code: Code
  /// One sentence: what was found and what was expected.
  package let sentence: String
  /// What to do, one sentence; empty when the sentence says all.
  package let advice: String
  /// errno, 0 when no system call failed.
  package let systemError: Int32
  package let file: String
  package let offset: Int64?

  package init(
    _ code: Code, _ sentence: String, advice: String = "", systemError: Int32 = 0,
    file: String = "", offset: Int64? = nil
  ) {
    self.code = code
    self.sentence = sentence
    self.advice = advice
    self.systemError = systemError
    self.file = file
    self.offset = offset
  }

  /// The exit code of sysexits.h that a program ends with.
  package var exitCode: Int32 {
    switch code {
    case .notAStore, .unsupportedFormat, .damaged, .derivedDamaged, .replayRefused: 65
    case .missing: 66
    case .cannotCreate: 73
    case .readFailed, .writeFailed: 74
    case .locked, .fenced, .closed: 75
    case .badOptions: 78
    }
  }

  /// Whether bytes of the log itself are damaged or cannot be read from the disk.
  var isOfLog: Bool {
    code == .damaged || code == .readFailed && SystemError(systemError) == .inputOutput
  }

  static func fenced(_ file: String, _ found: String) -> EventLogError {
    EventLogError(
      .fenced, found,
      advice: """
        One writer a store: find the other one and stop it, then start this one again. All that \
        was acknowledged is in the store. LOCK says which process took it last.
        """,
      file: file)
  }

  static func damaged(_ file: String, _ offset: Int64?, _ found: String) -> EventLogError {
    EventLogError(
      .damaged, found,
      advice: """
        Nothing was changed. Keep a copy of the directory, look at the disk, and restore this \
        store from a backup.
        """,
      file: file, offset: offset)
  }

  /// Damage to a file that is derived from the log.
  static func derived(_ file: String, _ offset: Int64?, _ found: String) -> EventLogError {
    EventLogError(
      .derivedDamaged, found,
      advice: "It is derived from the log: without it the next start makes it again.",
      file: file, offset: offset)
  }
}

extension EventLogError: CustomStringConvertible {
  package var description: String {
    var text = "\(code.rawValue): \(sentence)"
    if !file.isEmpty {
      text += " (\(file)"
      if let offset { text += ", byte \(offset)" }
      text += ")"
    }
    if systemError != 0 { text += " [errno \(systemError): \(SystemError(systemError).text)]" }
    return advice.isEmpty ? text : text + " " + advice
  }
}
