internal import Execution
internal import Glibc
internal import Node

/// What standard output and standard error are connected to.
enum Terminal {
  static let outputIsTerminal = isatty(STDOUT_FILENO) == 1
  static let errorIsTerminal = isatty(STDERR_FILENO) == 1

  /// Columns of the terminal; 80 when it does not say.
  static var columns: Int {
    // struct winsize: rows, columns, and the same in pixels.
    var size: [UInt16] = [0, 0, 0, 0]
    guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size[1] > 0 else { return 80 }
    return Int(size[1])
  }

  /// Seconds on a clock that never goes back.
  static var seconds: Double {
    Double(NodeClock.now().monotonic.nanoseconds) / 1e9
  }
}

/// Writes to standard output at once, so that a pipe sees each line when it is complete. To a
/// terminal go no control characters, whoever wrote the text; to a file or a pipe it goes as it is.
func writeLine(_ text: String) {
  var line = (Terminal.outputIsTerminal ? text.printable(keeping: "\n\t") : text) + "\n"
  line.withUTF8 { bytes in
    var rest = UnsafeRawBufferPointer(bytes)
    while !rest.isEmpty {
      let count = write(STDOUT_FILENO, rest.baseAddress, rest.count)
      if count < 0 {
        if errno == EINTR { continue }
        if errno == EAGAIN {
          var place = pollfd(fd: STDOUT_FILENO, events: Int16(POLLOUT), revents: 0)
          poll(&place, 1, -1)
          continue
        }
        endWithoutOutput(errno)
      }
      rest = UnsafeRawBufferPointer(rebasing: rest[count...])
    }
  }
}

/// Whoever wanted the output does not get it: nothing more is done, and that is said.
private func endWithoutOutput(_ code: Int32) -> Never {
  let reason =
    code == EPIPE ? "its reader has closed it" : String(cString: strerror(code))
  warn("standard output cannot be written: \(reason); stopped here")
  exit(SystemExit.inputOutput.rawValue)
}

extension Terminal {
  /// Seconds since 1970.
  static var unixSeconds: UInt64 { UInt64(max(0, time(nil))) }
}
