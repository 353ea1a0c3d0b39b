internal import CDispatch
internal import Glibc

/// What standard output and standard error are connected to.
enum Terminal {
  static var outputIsTerminal: Bool { isatty(STDOUT_FILENO) == 1 }
  static var errorIsTerminal: Bool { isatty(STDERR_FILENO) == 1 }

  /// Columns of the terminal; 80 when it does not say.
  static var columns: Int {
    var size = winsize()
    guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
    return Int(size.ws_col)
  }

  /// Seconds on a clock that never goes back.
  static var seconds: Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
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
