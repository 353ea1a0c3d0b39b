internal import ArgumentParser

/// What the service has answered to requests about events: counted, and said why not.
struct ControlResults {
  private let isJSON: Bool
  private let namesAll: Bool
  private var counts: [String: Int] = [:]
  private var named = TextTable(["EVENT", "OUTCOME", "WHY"])
  private var namedCount = 0
  private var refusedCount = 0

  /// So many are named; the others are counted.
  private static let mostNamed = 100

  /// - Parameter namesAll: whether what was done is named, too.
  init(json: Bool, namesAll: Bool = false) {
    isJSON = json
    self.namesAll = namesAll
  }

  mutating func add(_ answer: ControlAnswer, of id: String) {
    counts[answer.outcome, default: 0] += 1
    if isJSON { writeLine(answer.line) }
    if !answer.isDone { refusedCount += 1 }
    guard namesAll || !answer.isDone else { return }
    namedCount += 1
    guard namedCount <= Self.mostNamed else { return }
    named.add([id, answer.outcome, answer.sentence])
  }

  /// - Throws: when something was not done.
  func finish(verb: String) throws {
    if !isJSON {
      var table = TextTable(["OUTCOME", "EVENTS"])
      for (outcome, count) in counts.sorted(by: { $0.key < $1.key }) {
        table.add([outcome, "\(count)"])
      }
      let isCounted = !namesAll || namedCount > Self.mostNamed
      if isCounted { writeLine(table.text) }
      if !named.isEmpty { writeLine((isCounted ? "\n" : "") + named.text) }
      if namedCount > Self.mostNamed {
        writeLine("and \(namedCount - Self.mostNamed) more; --json names all")
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
  /// `done`, `cancelled`, `not-found` ...; of an error that is no outcome its sentence.
  var outcome: String
  /// The event's status, when that is in the way.
  var status: String?

  var isDone: Bool { Self.done.contains(outcome) }

  private static let done: Set<String> = [
    "done", "cancelled", "already-cancelled", "remembered", "already-remembered",
  ]

  /// What that means, for people.
  var sentence: String {
    switch outcome {
    case "done": ""
    case "cancelled":
      status == "ignored"
        ? "nothing of it goes out" : "it is \(status ?? "final"), and no fallback channel is tried"
    case "already-cancelled": "it had been cancelled before"
    case "remembered": "no such event has come yet; when it comes, nothing of it goes out"
    case "already-remembered": "that was known; no such event has come yet"
    case "too-late": tooLate
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

  private var tooLate: String {
    switch status {
    case "pending": "its delivery is on its way to the broker"
    case "pending-delivery": "its delivery is out"
    case "expired", "not-covered": "it is \(status ?? ""): nothing of it goes out anyway"
    default: "it is \(status ?? "final") already"
    }
  }
}
