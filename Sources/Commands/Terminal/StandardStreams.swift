internal import Glibc

/// The descriptors 0, 1 and 2, which every program takes for open.
package enum StandardStreams {
  /// Opens those that whoever started us has closed. The next file or socket would get their
  /// numbers: a log line for standard error would stand in the event log, or go to the broker.
  /// Standard output becomes one that cannot be written, so that a command says what is wrong.
  package static func open() {
    for descriptor in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO]
    where fcntl(descriptor, F_GETFD) == -1 {
      // The lowest free number: those below it are open by now.
      _ = Glibc.open("/dev/null", descriptor == STDERR_FILENO ? O_WRONLY : O_RDONLY)
    }
  }
}
