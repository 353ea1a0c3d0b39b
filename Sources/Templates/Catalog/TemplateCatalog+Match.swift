internal import Messages

extension TemplateCatalog {
  /// The template for an event, by a total order: of those of its type and channel that allow its
  /// lane and are valid now, the same origin before no origin; the exact language before its base
  /// language before no language; the latest publication; the higher version. Does not allocate.
  ///
  /// A template with another origin or language than the event's is never taken.
  package func match(_ query: MatchQuery) -> Template? {
    let none = MatchKey.Part(nil)
    let eventType = MatchKey.Part(query.eventType)
    let channel = MatchKey.Part(query.channel)
    let language = MatchKey.Part(query.language, ignoringCase: true)
    let base = MatchKey.Part(query.baseLanguage, ignoringCase: true)
    let anyLanguage = MatchKey.Part(nil, ignoringCase: true)
    var origin = MatchKey.Part(query.origin)
    while true {
      var parts = MatchKey.Parts(
        eventType: eventType, channel: channel, origin: origin, language: language)
      if let found = index.first(of: parts, lane: query.lane, now: query.now) {
        return templates[found]
      }
      if !base.bytes.isEmpty {
        parts.language = base
        if let found = index.first(of: parts, lane: query.lane, now: query.now) {
          return templates[found]
        }
      }
      if !language.bytes.isEmpty {
        parts.language = anyLanguage
        if let found = index.first(of: parts, lane: query.lane, now: query.now) {
          return templates[found]
        }
      }
      if origin.bytes.isEmpty { return nil }
      origin = none
    }
  }
}
