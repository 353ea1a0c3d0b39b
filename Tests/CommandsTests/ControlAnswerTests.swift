import Testing

@testable import Commands

@Suite("Answers of the running service")
struct ControlAnswerTests {
  private func answer(_ outcome: String, _ status: String? = nil) -> ControlAnswer {
    ControlAnswer(line: "{}", outcome: outcome, status: status)
  }

  @Test func `What was done, or was so before, is no failure`() {
    for outcome in ["done", "cancelled", "already-cancelled", "remembered", "already-remembered"] {
      #expect(answer(outcome).isDone, "\(outcome)")
    }
    for outcome in ["too-late", "not-found", "moved-on", "unavailable", "past-expiration", "", "x"]
    {
      #expect(!answer(outcome).isDone, "\(outcome)")
    }
  }

  @Test(arguments: [
    ("pending", "its delivery is on its way to the broker"),
    ("pending-delivery", "its delivery is out"),
    ("expired", "it is expired: nothing of it goes out anyway"),
    ("sent", "it is sent already"),
  ])
  func `A cancel that came too late says where the event stands`(status: String, sentence: String) {
    #expect(answer("too-late", status).sentence == sentence)
  }

  @Test func `Each outcome has a sentence of its own, and an unknown one points to the version`() {
    let outcomes = [
      "cancelled", "already-cancelled", "remembered", "already-remembered", "too-late",
      "already-open", "moved-on", "not-found", "illegal-status", "past-expiration", "unavailable",
      "bad-request",
    ]
    let sentences = Set(outcomes.map { answer($0, "sent").sentence })
    #expect(sentences.count == outcomes.count && !sentences.contains(""))
    #expect(answer("bad-request").sentence.hasSuffix("is it of this version?"))
  }

  @Test(
    arguments: [
      (["done", "cancelled"], nil), (["done", "too-late"], .data),
      (["too-late", "unavailable"], .unavailable),
      (["unavailable", "too-late", "not-found"], .noInput), ([], nil),
    ] as [([String], SystemExit?)])
  func `The exit code says what was in the way: no such event before no service before the rest`(
    outcomes: [String], exit: SystemExit?
  ) {
    var results = ControlResults(json: true)
    for outcome in outcomes { results.add(answer(outcome), of: "e") }
    var failure: CommandFailure?
    do { try results.finish(verb: "cancelled") } catch { failure = error as? CommandFailure }
    #expect(failure?.exit == exit)
    let refused = outcomes.count { !answer($0).isDone }
    if refused == 1 { #expect(failure?.message == "1 event was not cancelled") }
    if refused > 1 { #expect(failure?.message == "\(refused) events were not cancelled") }
  }
}
