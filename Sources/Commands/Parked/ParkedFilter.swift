internal import ArgumentParser
internal import Messages

/// Which parked messages are meant. Everything given must hold.
struct ParkedFilter: ParsableArguments {
  @Option(help: "Only this reason, like bad-address.")
  var reason: String?

  @Option(help: "Only from this queue: realtime, batch or delivery-logs.")
  var lane: String?

  @Option(help: "Only this event type.")
  var type: String?

  @Option(help: "Only first seen at or after this time, like 2026-12-24T06:00:00Z.")
  var since: String?

  @Option(help: "Only first seen before this time.")
  var until: String?

  @Option(help: "Only the message with this message_id, or the elements of that batch.")
  var id: String?

  mutating func validate() throws {
    if let lane, !["realtime", "batch", "delivery-logs"].contains(lane) {
      throw ValidationError("--lane is realtime, batch or delivery-logs")
    }
    for (name, text) in [("--since", since), ("--until", until)] {
      if let text, Timestamp(rfc3339: text) == nil {
        throw ValidationError("\(name) \(text): expected a time like 2026-12-24T06:00:00Z")
      }
    }
  }

  /// Whether every message is meant.
  var isEmpty: Bool {
    reason == nil && lane == nil && type == nil && since == nil && until == nil && id == nil
  }

  func matches(_ message: some ParkedFacts) -> Bool {
    if let reason, message.reason != reason { return false }
    if let lane, message.lane != lane { return false }
    if let id, message.messageID != id, message.batchID != id { return false }
    if since != nil || until != nil {
      guard let seen = Timestamp(rfc3339: message.firstSeen) else { return false }
      if let since = since.flatMap(Timestamp.init(rfc3339:)), seen < since { return false }
      if let until = until.flatMap(Timestamp.init(rfc3339:)), seen >= until { return false }
    }
    if let type, !message.isOf(type: type) { return false }
    return true
  }
}
