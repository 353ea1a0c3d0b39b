internal import ArgumentParser
internal import Glibc

/// Exit codes of sysexits.h that the commands use.
enum SystemExit: Int32 {
  case usage = 64
  /// Input or stored data is wrong.
  case data = 65
  case noInput = 66
  case unavailable = 69
  case software = 70
  case cannotCreate = 73
  case inputOutput = 74
  case temporary = 75
  case permission = 77
  case configuration = 78
}

/// Why a command cannot do what it was asked to: what is wrong and where, and the exit code.
struct CommandFailure: Error {
  var message: String
  var exit: SystemExit

  init(_ message: String, _ exit: SystemExit) {
    self.message = message
    self.exit = exit
  }
}

/// Runs a command's work; a failure is printed to standard error and becomes the exit code.
func reportingFailure(_ work: () async throws -> Void) async throws {
  // A reader that hangs up is an error of the write, which is told, not the end of the process.
  signal(SIGPIPE, SIG_IGN)
  do {
    try await work()
  } catch let failure as CommandFailure {
    warn(failure.message)
    throw ExitCode(failure.exit.rawValue)
  }
}

/// A sentence for the person who runs the command, on standard error. What a stranger sent may
/// stand in it: it moves no cursor.
func warn(_ sentence: String) {
  writeError("meddela: \(sentence.printable(keeping: "\n\t"))\n")
}

/// Writes to standard error as it is: for the progress bar's own control characters.
func writeError(_ text: String) {
  var text = text
  text.withUTF8 { _ = write(STDERR_FILENO, $0.baseAddress, $0.count) }
}
