/// What `parked list` and `unrouted list` print: a line of JSON for each message as it comes, or
/// tables when all have come. Nothing is kept of a message but its row.
struct ParkedListing {
  let isJSON: Bool
  let kind: HeldKind
  private let disclosure: Disclosure
  private var parked = Table(columns)
  private var waiting = Table(columns)
  private var shownWaiting = 0

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
      }
    }
  }

  /// Takes a copy that waits in the event log.
  mutating func add(_ copy: WaitingCopy) {
    shownWaiting += 1
    if isJSON { writeLine(copy.json) } else { waiting.add(copy.row) }
  }

  /// - Parameter waitingCount: how many copies wait, those that are not shown among them.
  func finish(_ tally: ParkedQueue.Tally, waitingCount: Int = 0) {
    if !isJSON {
      if !parked.isEmpty {
        writeLine(parked.text)
      } else if tally.depth > 0 {
        writeLine("no \(kind.word) message is like that")
      } else if waitingCount == 0 {
        writeLine("nothing is \(kind.word)")
      }
      if waitingCount > 0 { printWaiting(waitingCount) }
    }
    if waitingCount > shownWaiting {
      warn("\(waitingCount - shownWaiting) more wait, which --limit leaves out")
    }
    tally.warnOfRest()
  }

  private func printWaiting(_ count: Int) {
    let are = count == 1 ? "copy waits" : "copies wait"
    writeLine(
      """
      \(parked.isEmpty ? "" : "\n")\(count) parked \(are) in the event log: the broker has not \
      taken them into the parked queue yet
      """)
    if !waiting.isEmpty { writeLine(waiting.text) }
  }
}
