internal import Execution
internal import Glibc
internal import Node

/// What standard output and standard error are connected to.
enum Terminal {
  static var outputIsTerminal: Bool { isatty(STDOUT_FILENO) == 1 }
  static var errorIsTerminal: Bool { isatty(STDERR_FILENO) == 1 }

  /// Columns of the terminal; 80 when it does not say.
  static var columns: Int {
    // struct winsize: rows, columns, and the same in pixels.
    var size: [UInt16] = [0, 0, 0, 0]
    guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size[1] > 0 else { return 80 }
    return Int(size[1])
  }

  /// Seconds on a clock that never goes back.
  static var seconds: Double {
    Double(NodeClock.now().monotonic) / 1e9
  }
}

/// Writes to standard output at once, so that a pipe sees each line when it is complete.
func writeLine(_ text: String) {
  var line = text + "\n"
  line.withUTF8 { bytes in
    var rest = UnsafeRawBufferPointer(bytes)
    while !rest.isEmpty {
      let count = write(STDOUT_FILENO, rest.baseAddress, rest.count)
      if count < 0 {
        if errno == EINTR { continue }
        // The reader is gone (`meddela watch | head`): there is nobody to tell.
        exit(errno == EPIPE ? 0 : SystemExit.inputOutput.rawValue)
      }
      rest = UnsafeRawBufferPointer(rebasing: rest[count...])
    }
  }
}

extension Terminal {
  /// Seconds since 1970.
  static var unixSeconds: UInt64 { UInt64(max(0, time(nil))) }
}
