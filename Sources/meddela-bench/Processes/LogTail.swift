internal import Glibc

/// What a process appends to its log from now on.
final class LogTail {
  private let path: String
  private var offset: Int

  init(_ path: String) {
    self.path = path
    offset = readText(path)?.utf8.count ?? 0
  }

  /// Looks every millisecond until a line has the word.
  func wait(for word: String, _ service: ServiceProcess) throws {
    let clock = ContinuousClock()
    let end = clock.now + .seconds(120)
    while clock.now < end {
      if let text = readText(path), text.utf8.count > offset,
        text.utf8.dropFirst(offset).firstRange(of: word.utf8) != nil
      {
        return
      }
      guard service.child.isRunning else { break }
      usleep(1_000)
    }
    throw BenchFailure("the service did not say '\(word)': \(path)")
  }
}
