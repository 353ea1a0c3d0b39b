internal import ArgumentParser

/// What the service has answered to requests about events: counted, and said why not.
struct ControlResults {
  private let isJSON: Bool
  private var counts: [String: Int] = [:]
  private var refused = Table(["EVENT", "OUTCOME", "WHY"])
  private var refusedCount = 0

  /// So many are named; the others are counted.
  private static let mostNamed = 100

  init(json: Bool) {
    isJSON = json
  }

  mutating func add(_ answer: ControlAnswer, of id: String) {
    counts[answer.outcome, default: 0] += 1
    if isJSON { writeLine(answer.line) }
    guard !answer.isDone else { return }
    refusedCount += 1
    guard refusedCount <= Self.mostNamed else { return }
    refused.add([id, answer.outcome, answer.sentence])
  }

  /// - Throws: when something was not done.
  func finish(verb: String) throws {
    if !isJSON {
      var table = Table(["OUTCOME", "EVENTS"])
      for (outcome, count) in counts.sorted(by: { $0.key < $1.key }) {
        table.add([outcome, "\(count)"])
      }
      writeLine(table.text)
      if !refused.isEmpty { writeLine("\n" + refused.text) }
      if refusedCount > Self.mostNamed {
        writeLine("and \(refusedCount - Self.mostNamed) more; --json names all")
      }
    }
    guard refusedCount > 0 else { return }
    let exit: SystemExit =
      counts["not-found"] != nil ? .noInput : counts["unavailable"] != nil ? .unavailable : .data
    let events = refusedCount == 1 ? "1 event was" : "\(refusedCount) events were"
    throw CommandFailure("\(events) not \(verb)", exit)
  }
}

/// One answer of the service.
struct ControlAnswer {
  /// As it came.
  var line: String
  /// `done`, `not-found` ...; of an error that is no outcome its sentence.
  var outcome: String
  /// The event's status, when that is in the way.
  var status: String?

  var isDone: Bool { outcome == "done" }

  /// Why it was not done, for people.
  var sentence: String {
    switch outcome {
    case "done": ""
    case "already-open": "it is under way already: wait for what comes of it"
    case "moved-on": "it has moved on since it was counted: look at it, and ask again"
    case "not-found": "the store has no such event"
    case "illegal-status":
      "it is \(status ?? "of another status"); only not-covered, expired and delivery-failed "
        + "events are redriven (events resend sends any again)"
    case "past-expiration": "its expiration has passed: it would expire at once"
    case "unavailable": "the service is stopping, or too many such requests wait"
    default: "the service does not know the request: is it of this version?"
    }
  }
}
