internal import Messages

extension TemplateCatalog {
  /// What `match` takes, and why not each of the others. Compares every template with the event
  /// and with the winner, so it does not share its reasoning with the index that `match` uses.
  package func explain(_ query: MatchQuery) -> MatchExplanation {
    let asked = Asked(query)
    let ofType = templates.filter { Asked.isSameIgnoringCase($0.eventType, asked.eventType) }
    let candidates = ofType.filter { asked.exclusion(of: $0) == nil }
    let winner = candidates.max { asked.prefers($1, to: $0) }
    let rejected = ofType.filter { $0 !== winner }.map { template in
      let (reason, sentence) =
        asked.exclusion(of: template) ?? asked.defeat(of: template, by: winner ?? template)
      return MatchExplanation.Rejected(template: template, reason: reason, sentence: sentence)
    }
    return MatchExplanation(question: asked.sentence, winner: winner, rejected: rejected)
  }
}

/// A query as strings.
private struct Asked {
  typealias Verdict = (reason: MatchExplanation.Reason, sentence: String)

  let eventType: String
  let channel: String
  let language: String?
  let origin: String?
  let lane: Lane
  let now: Timestamp

  init(_ query: MatchQuery) {
    func string(_ bytes: UnsafeRawBufferPointer?) -> String? {
      bytes.flatMap { $0.isEmpty ? nil : String(decoding: $0, as: UTF8.self) }
    }
    eventType = string(query.eventType) ?? ""
    channel = string(query.channel) ?? ""
    language = string(query.language)
    origin = string(query.origin)
    lane = query.lane
    now = query.now
  }

  var sentence: String {
    "an event of type \(eventType) on channel \(channel), language \(Self.shown(language)), "
      + "origin \(Self.shown(origin)), lane \(lane.name), at \(now.text)"
  }

  /// Why a template is no candidate; nil when it is one.
  func exclusion(of template: Template) -> Verdict? {
    if template.eventType != eventType {
      return (.otherType, "its type is \(template.eventType), in other letters")
    }
    if template.channel != channel { return (.otherChannel, "its channel is \(template.channel)") }
    if !template.lanes.contains(lane) {
      let lanes = template.lanes.map { "\($0.name)" }.joined(separator: ", ")
      return (.laneNotAllowed, "it is only for the lane \(lanes)")
    }
    if template.publishedAt > now {
      return (.notYetPublished, "it is published at \(template.publishedAt.text)")
    }
    if let from = template.validFrom, from > now {
      return (.notYetValid, "it is valid from \(from.text)")
    }
    if let to = template.validTo, to <= now {
      return (.noLongerValid, "it was valid until \(to.text)")
    }
    if let origin = template.origin, !Self.isSame(origin, self.origin) {
      return (.otherOrigin, "it is only for the origin \(origin)")
    }
    if nearness(of: template) == nil {
      return (.otherLanguage, "its language is \(template.language ?? "none")")
    }
    return nil
  }

  /// Why a candidate is passed over for the winner.
  func defeat(of template: Template, by winner: Template) -> Verdict {
    if template.origin == nil, let origin = winner.origin {
      return (.lessSpecificOrigin, "it is for any origin; the winner is for \(origin)")
    }
    if nearness(of: template) != nearness(of: winner) {
      return (
        .lessSpecificLanguage,
        "its language is \(template.language ?? "none"), the winner's \(winner.language ?? "none")"
      )
    }
    if template.publishedAt != winner.publishedAt {
      return (
        .olderPublication,
        "it was published at \(template.publishedAt.text), "
          + "the winner at \(winner.publishedAt.text)"
      )
    }
    return (.lowerVersion, "both were published at once, and the winner's version is higher")
  }

  /// Whether one candidate comes before another.
  func prefers(_ one: Template, to other: Template) -> Bool {
    if (one.origin == nil) != (other.origin == nil) { return one.origin != nil }
    let nearness = (nearness(of: one) ?? 0, nearness(of: other) ?? 0)
    if nearness.0 != nearness.1 { return nearness.0 > nearness.1 }
    return TemplateCatalog.precedes(one, other)
  }

  /// 2 for the exact language, 1 for its base, 0 for none; nil for another one.
  private func nearness(of template: Template) -> Int? {
    guard let own = template.language else { return 0 }
    guard let asked = language else { return nil }
    if Self.isSameIgnoringCase(own, asked) { return 2 }
    guard let hyphen = asked.utf8.firstIndex(of: UInt8(ascii: "-")) else { return nil }
    return Self.isSameIgnoringCase(own, String(asked[..<hyphen])) ? 1 : nil
  }

  /// What an event says, fit for a terminal: no control characters.
  private static func shown(_ text: String?) -> String {
    guard let text else { return "none" }
    return String(
      String.UnicodeScalarView(
        text.unicodeScalars.map { $0.properties.generalCategory == .control ? "?" : $0 }))
  }

  /// Bytes are compared, not characters: `String`'s own `==` takes composed and decomposed letters
  /// for the same.
  private static func isSame(_ one: String, _ other: String?) -> Bool {
    other.map { one.utf8.elementsEqual($0.utf8) } ?? false
  }

  static func isSameIgnoringCase(_ one: String, _ other: String) -> Bool {
    one.utf8.lazy.map(MatchKey.lowercase).elementsEqual(other.utf8.lazy.map(MatchKey.lowercase))
  }
}
