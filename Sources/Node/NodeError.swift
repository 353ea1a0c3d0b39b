package import AMQP
package import EventLog
package import Execution
internal import LogSequence

/// Why a node cannot start or go on, and the sysexits code to end with.
package struct NodeError: Error, Sendable {
  package var message: String
  package var exitCode: Int32

  package init(message: String, exitCode: Int32) {
    self.message = message
    self.exitCode = exitCode
  }

  package init(_ error: EventLogError) {
    self.init(message: error.description, exitCode: error.exitCode)
  }

  package init(_ error: AMQPError) {
    let exitCode: Int32 =
      switch error.code {
      case .accessRefused, .notAllowed: 77
      case .invalidURL, .invalidOption, .unreadableFile, .vhostNotFound, .noCommonMechanism,
        .preconditionFailed, .notFound:
        78
      default: 69
      }
    self.init(message: error.description, exitCode: exitCode)
  }

  package init(_ error: EngineError) {
    switch error {
    case .unreadableRecord(let lsn):
      self.init(
        message: "the record with LSN \(lsn) is not one that this program writes", exitCode: 65)
    }
  }
}
