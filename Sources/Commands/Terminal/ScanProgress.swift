/// The progress bar of a walk that also prints what it finds: on a terminal the bar makes room for
/// the first line and stays away.
final class ScanProgress {
  private let label: String
  private var bar: ProgressBar?
  private var isEnded = false

  init(_ label: String) {
    self.label = label
  }

  func update(_ done: Int, of total: Int) {
    guard !isEnded else { return }
    if bar == nil { bar = ProgressBar(label, total: total) }
    bar?.update(done)
  }

  /// Call before printing a line.
  func makeRoom() {
    guard !isEnded, bar != nil, Terminal.outputIsTerminal else { return }
    isEnded = true
    if Terminal.errorIsTerminal { writeError("\r\u{1B}[K") }
  }

  func finish() {
    guard !isEnded, bar != nil else { return }
    isEnded = true
    if Terminal.errorIsTerminal { writeError("\r\u{1B}[K") }
  }
}
