internal import EventLog
internal import Execution
internal import JSON
internal import LogSequence
internal import Messages

/// Which events a command is about, by their present state.
struct EventFilter {
  /// Empty: any.
  var statuses: Set<Status> = []
  var lane: Lane?
  var type: String?
  var channel: String?
  var externalID: String?
  /// The code; empty for none.
  var reason: String?
  /// When the present status was recorded: not before, and before.
  var since: Timestamp?
  var until: Timestamp?
  /// The address the event was to go to: e-mail, phone number, token.
  var address: String?
  /// With `address`: the events that have it.
  private var addressed: Set<EventHash>?

  init() {}

  /// Finds the events that have the address: reads the log once. Memory grows with how many they
  /// are, not with the log.
  mutating func findAddressed(
    _ reader: EventLogReader, progress: (Int, Int) -> Void
  ) throws {
    guard let address else { return }
    var found: Set<EventHash> = []
    let search = AddressSearch(address)
    let total = Int(reader.durableLSN.rawValue)
    try reader.forEachRecord { record in
      progress(Int(record.header.lsn.rawValue), total)
      guard record.header.flags.isOfEvent,
        let payload = RecordPayload(record.payload), !payload.bodyBytes.isEmpty,
        search.isIn(payload.bodyBytes)
      else { return }
      found.insert(record.header.hash)
    }
    addressed = found
  }

  /// What the record's header and the fixed part of its payload decide, without any parsing.
  func mayMatch(_ record: RecordView) -> Bool {
    if !statuses.isEmpty {
      guard let status = Status(rawValue: record.header.status), statuses.contains(status) else {
        return false
      }
    }
    if let since, record.header.time < since.nanoseconds { return false }
    if let until, record.header.time >= until.nanoseconds { return false }
    if let addressed, !addressed.contains(record.header.hash) { return false }
    if let lane, RecordPayload(record.payload)?.state.lane != lane { return false }
    return true
  }

  /// The rest, of the status update.
  func matches(_ update: JSONValue) -> Bool {
    func matches(_ name: StaticString, _ wanted: String?) -> Bool {
      wanted == nil || update[name]?.asString?.string == wanted
    }
    if let reason, reason != update["reason"]?["code"]?.asString?.string ?? "" { return false }
    return matches("type", type) && matches("channel", channel)
      && matches("externalId", externalID)
  }

  /// Whether `matches` has anything to look at.
  var needsUpdate: Bool {
    type != nil || channel != nil || externalID != nil || reason != nil
  }
}
