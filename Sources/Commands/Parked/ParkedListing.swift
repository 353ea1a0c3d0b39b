/// What `parked list` and `unrouted list` print: a line of JSON for each message as it comes, or
/// tables when all have come, so that who pages through them keeps no message from the queue.
/// Nothing is kept of a message but its row, and of very many rows the first are printed before.
struct ParkedListing {
  /// Copies that wait are kept until the last message is there.
  static let mostWaiting = 100_000
  private static let mostRows = 20_000

  let isJSON: Bool
  let kind: HeldKind
  private let disclosure: Disclosure
  private var parked = TextTable(columns)
  private var waiting = TextTable(columns)
  private var shownWaiting = 0
  private var hasPrinted = false

  private static let columns = ["REASON", "MESSAGE", "LANE", "FIRST SEEN", "BYTES", "DETAIL"]

  init(_ kind: HeldKind, json: Bool, _ disclosure: Disclosure) {
    self.kind = kind
    isJSON = json
    self.disclosure = disclosure
  }

  mutating func add(_ messages: [ParkedMessage]) {
    for message in messages {
      if isJSON {
        writeLine(message.json(hidden: disclosure.reason(message)))
      } else {
        parked.add(message.row)
        if parked.count == Self.mostRows { printRows() }
      }
    }
  }

  /// Takes a copy that waits in the event log.
  mutating func add(_ copy: WaitingCopy) {
    shownWaiting += 1
    if isJSON { writeLine(copy.json) } else { waiting.add(copy.row) }
  }

  /// - Parameter waitingCount: how many copies wait, those that are not shown among them.
  mutating func finish(_ tally: ParkedQueue.Tally, waitingCount: Int = 0) {
    if !isJSON {
      if !parked.isEmpty { printRows() }
      if !hasPrinted, tally.depth > 0 {
        writeLine("no \(kind.word) message is like that")
      } else if !hasPrinted, waitingCount == 0 {
        writeLine("nothing is \(kind.word)")
      }
      if waitingCount > 0 { printWaiting(waitingCount) }
    }
    if waitingCount > shownWaiting {
      warn("\(waitingCount - shownWaiting) more wait, which --limit leaves out")
    }
    tally.warnOfRest()
  }

  private mutating func printRows() {
    writeLine(parked.takeText())
    hasPrinted = true
  }

  private func printWaiting(_ count: Int) {
    let are = count == 1 ? "copy waits" : "copies wait"
    writeLine(
      """
      \(hasPrinted ? "\n" : "")\(count) parked \(are) in the event log: the broker has not \
      taken them into the parked queue yet
      """)
    if !waiting.isEmpty { writeLine(waiting.text) }
  }
}
