internal import JSON
package import Messages

/// What a template is looked for by: views of an event's fields, valid as long as those.
package struct MatchQuery {
  /// The event's type.
  package var eventType: UnsafeRawBufferPointer
  /// The channel of the delivery to be made.
  package var channel: UnsafeRawBufferPointer
  /// The event's language; nil when it has none. Compared without regard to case.
  package var language: UnsafeRawBufferPointer?
  /// The event's origin; nil when it has none.
  package var origin: UnsafeRawBufferPointer?
  /// The lane it came on.
  package var lane: Lane
  /// The wall clock.
  package var now: Timestamp

  package init(
    eventType: UnsafeRawBufferPointer, channel: UnsafeRawBufferPointer,
    language: UnsafeRawBufferPointer?, origin: UnsafeRawBufferPointer?, lane: Lane, now: Timestamp
  ) {
    self.eventType = eventType
    self.channel = channel
    self.language = language
    self.origin = origin
    self.lane = lane
    self.now = now
  }

  /// The query for an event.
  /// - Parameter channel: another channel than the event's own, for a fallback.
  package init(
    _ event: EventFields, channel: UnsafeRawBufferPointer? = nil, lane: Lane, now: Timestamp
  ) {
    self.init(
      eventType: event.type.bytes, channel: channel ?? event.channel.bytes,
      language: event.language?.bytes, origin: event.origin?.bytes, lane: lane, now: now)
  }

  /// Calls `body` with a query made of strings, valid in the call. For commands and tests.
  package static func withStrings<Result>(
    eventType: String, channel: String, language: String? = nil, origin: String? = nil,
    lane: Lane, now: Timestamp, _ body: (MatchQuery) -> Result
  ) -> Result {
    let language = language.map { Array($0.utf8) }
    let origin = origin.map { Array($0.utf8) }
    return Array(eventType.utf8).withUnsafeBytes { eventType in
      Array(channel.utf8).withUnsafeBytes { channel in
        (language ?? []).withUnsafeBytes { languageBytes in
          (origin ?? []).withUnsafeBytes { originBytes in
            body(
              MatchQuery(
                eventType: eventType, channel: channel,
                language: language == nil ? nil : languageBytes,
                origin: origin == nil ? nil : originBytes, lane: lane, now: now))
          }
        }
      }
    }
  }

  /// The part of the language before the first hyphen; nil when there is no hyphen.
  var baseLanguage: UnsafeRawBufferPointer? {
    guard let language, let hyphen = language.firstIndex(of: UInt8(ascii: "-")) else { return nil }
    return UnsafeRawBufferPointer(rebasing: language[..<hyphen])
  }
}
