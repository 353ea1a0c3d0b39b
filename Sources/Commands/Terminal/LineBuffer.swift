/// Lines for standard output, written in large pieces: for output that nobody reads line by line.
struct LineBuffer {
  private var text = ""

  private static let limit = 64 << 10

  mutating func add(_ line: String) {
    text += line
    text += "\n"
    if text.utf8.count >= Self.limit { flush() }
  }

  mutating func flush() {
    guard !text.isEmpty else { return }
    text.removeLast()
    writeLine(text)
    text = ""
  }
}
