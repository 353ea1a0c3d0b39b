internal import Glibc

/// One line on standard error that shows how far a long work is; nothing where standard error is
/// not a terminal.
struct ProgressBar {
  private let label: String
  private let total: Int?
  private let isShown: Bool
  private let start = Terminal.seconds
  private var lastDrawn = 0.0

  /// - Parameter total: how much there is; nil when it is not known.
  init(_ label: String, total: Int?, isShown: Bool = Terminal.errorIsTerminal) {
    self.label = label
    self.total = total
    self.isShown = isShown
  }

  /// Draws at most ten times a second.
  mutating func update(_ done: Int) {
    let now = Terminal.seconds
    guard isShown, now - lastDrawn >= 0.1 else { return }
    lastDrawn = now
    draw(done, at: now)
  }

  mutating func finish(_ done: Int) {
    guard isShown else { return }
    draw(done, at: Terminal.seconds)
    writeError("\n")
  }

  private func draw(_ done: Int, at now: Double) {
    let elapsed = max(now - start, 0.001)
    let rate = Int(Double(done) / elapsed)
    var line = "\(label) \(done)"
    if let total, total > 0 {
      let width = 24
      let filled = min(width, done * width / total)
      let bar =
        String(repeating: "#", count: filled) + String(repeating: ".", count: width - filled)
      line = "\(label) [\(bar)] \(done)/\(total)"
      if rate > 0, done < total { line += "  \((total - done) / rate) s left" }
    }
    line += "  \(rate)/s"
    writeError("\r\(line.prefix(Terminal.columns - 1))\u{1B}[K")
  }
}
