import JSON
import Messages
import TestSupport
import Testing

@testable import Templates

/// What every catalog and every event must fulfil.
struct MatchPropertyTests {
  static let types = ["order", "order.paid", "reset"]
  static let channels = ["email", "sms"]
  static let languages = ["sv", "sv-SE", "SV-fi", "en", "zh-Hant-TW"]
  static let origins = ["shop", "shop-se", "Shop"]
  static let times = (0..<6).map { "2026-0\($0 + 1)-01T00:00:00Z" }

  /// Templates made of few values, so that they often compete.
  static func templates(using generator: inout SeededRandom) throws -> [Template] {
    let isCrowded = Bool.random(using: &generator)
    return try (0..<Int.random(in: 1...25, using: &generator)).map { number in
      var metadata: [String: String] = [:]
      metadata["eventType"] = isCrowded ? "order" : types.randomElement(using: &generator)
      metadata["channel"] = isCrowded ? "email" : channels.randomElement(using: &generator)
      if Bool.random(using: &generator) {
        metadata["language"] = languages.randomElement(using: &generator)
      }
      if Bool.random(using: &generator) {
        metadata["origin"] = origins.randomElement(using: &generator)
      }
      metadata["lanes"] = ["[realtime, batch]", "[realtime]", "[batch]"].randomElement(
        using: &generator)
      metadata["publishedAt"] = times.randomElement(using: &generator)
      let from = Int.random(in: 0..<8, using: &generator)
      let to = Int.random(in: 1..<8, using: &generator)
      if from < to, from < times.count, !isCrowded { metadata["validFrom"] = times[from] }
      if from < to, to < times.count, !isCrowded { metadata["validTo"] = times[to] }
      return try MatchTests.template("t\(number)", metadata)
    }
  }

  struct Question {
    var type: String
    var channel: String
    var language: String?
    var origin: String?
    var lane: Lane
    var now: Timestamp

    func ask<Result>(_ body: (MatchQuery) -> Result) -> Result {
      MatchQuery.withStrings(
        eventType: type, channel: channel, language: language, origin: origin, lane: lane,
        now: now, body)
    }

    static func random(using generator: inout SeededRandom) -> Question {
      let languages = MatchPropertyTests.languages + ["sv-NO", "SV-SE", "fi", "", "-"]
      let origins = MatchPropertyTests.origins + ["", "sho"]
      let months = MatchPropertyTests.times
      let time = time(months[Int.random(in: 0..<months.count, using: &generator)])
      let offset = Int64.random(in: -1...1, using: &generator)
      return Question(
        type: MatchPropertyTests.types[max(0, Int.random(in: -2..<3, using: &generator))],
        channel: MatchPropertyTests.channels[max(0, Int.random(in: -2..<2, using: &generator))],
        language: Bool.random(using: &generator) ? languages.randomElement(using: &generator) : nil,
        origin: Bool.random(using: &generator) ? origins.randomElement(using: &generator) : nil,
        lane: Bool.random(using: &generator) ? .realtime : .batch,
        now: Timestamp(nanoseconds: time.nanoseconds + offset))
    }
  }

  @Test func `The winner does not depend on the order in which templates were loaded`() throws {
    var generator = SeededRandom(printedSeed())
    for _ in 0..<60 {
      let templates = try Self.templates(using: &generator)
      let catalog = try TemplateCatalog(templates)
      let shuffled = try TemplateCatalog(templates.shuffled(using: &generator))
      for _ in 0..<50 {
        let question = Question.random(using: &generator)
        let winner = question.ask { catalog.match($0) }
        #expect(winner === question.ask { shuffled.match($0) }, "\(question)")
      }
    }
  }

  @Test
  func `Explain takes what match takes, and gives a reason for every other template of the type`()
    throws
  {
    var generator = SeededRandom(printedSeed())
    var covered = 0
    for _ in 0..<60 {
      let templates = try Self.templates(using: &generator)
      let catalog = try TemplateCatalog(templates)
      for _ in 0..<50 {
        let question = Question.random(using: &generator)
        let winner = question.ask { catalog.match($0) }
        let explanation = question.ask { catalog.explain($0) }
        #expect(explanation.winner === winner, "\(question)")
        let ofType = templates.filter { $0.eventType == question.type }.count
        #expect(explanation.rejected.count == ofType - (winner == nil ? 0 : 1))
        if winner == nil {
          let lost: Set<MatchExplanation.Reason> = [
            .lessSpecificOrigin, .lessSpecificLanguage, .olderPublication, .lowerVersion,
          ]
          #expect(!explanation.rejected.contains { lost.contains($0.reason) })
        } else {
          covered += 1
        }
      }
    }
    #expect(covered > 100)
  }

  @Test
  func `When the winner goes, the next one wins, and each wins against every later one alone`()
    throws
  {
    var generator = SeededRandom(printedSeed())
    var pairs = 0
    for _ in 0..<150 {
      let templates = try Self.templates(using: &generator)
      for _ in 0..<5 {
        let question = Question.random(using: &generator)
        let winners = try Self.winners(of: templates, question)
        for (index, one) in winners.enumerated() {
          for other in winners.dropFirst(index + 1) {
            let pair = try TemplateCatalog([other, one])
            #expect(question.ask { pair.match($0) } === one, "\(question)")
            pairs += 1
          }
        }
      }
    }
    #expect(pairs > 10)
  }

  /// The templates in the order in which they win when each winner is taken away.
  static func winners(of templates: [Template], _ question: Question) throws -> [Template] {
    var left = templates
    var winners: [Template] = []
    while !left.isEmpty {
      let catalog = try TemplateCatalog(left)
      guard let winner = question.ask({ catalog.match($0) }) else { break }
      winners.append(winner)
      left.removeAll { $0 === winner }
    }
    return winners
  }

  @Test func `Random bytes are asked for without harm`() throws {
    var generator = SeededRandom(printedSeed())
    let catalog = try TemplateCatalog(Self.templates(using: &generator))
    for _ in 0..<5_000 {
      var parts: [[UInt8]] = []
      for _ in 0..<4 {
        let count = Int.random(in: 0...40, using: &generator)
        parts.append((0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) })
      }
      let query = parts.map { String(decoding: $0, as: UTF8.self) }
      let winner = MatchQuery.withStrings(
        eventType: query[0], channel: query[1], language: query[2], origin: query[3],
        lane: .realtime, now: time("2026-06-01T12:00:00Z")
      ) { catalog.match($0) }
      #expect(winner == nil)
    }
  }
}
