import JSON
import Messages

@testable import Execution

extension Simulation {
  /// The ids of the events, or of the logs' events, that a message carries.
  private func eventIDs(_ message: ModelBroker.Message) -> [String] {
    let parser = JSONParser()
    defer { withExtendedLifetime(parser) {} }
    guard let root = try? parser.parse(message.body) else { return [] }
    let elements = JSONSplitter.elements(of: root).map(Array.init) ?? [root]
    return elements.compactMap { ($0["eventId"] ?? $0["id"])?.asString?.string }
  }

  /// Guarantee 1: for each event of the message the record is durable, and it is not in a state
  /// in which its delivery may still be unconfirmed.
  func checkMayBeSettled(_ message: ModelBroker.Message, _ inlet: Inlet) {
    for id in eventIDs(message) {
      let key = Array(id.utf8).withUnsafeBytes { log.key(of: $0) }
      let durable = log.records.prefix(log.durableCount).last {
        $0.kind.isOfEvent && $0.key == key
      }
      guard let durable else {
        if !broker.parked.contains(where: { isAbout($0, id) }) {
          violations.append("\(id) was settled before it was durable or parked")
        }
        continue
      }
      guard inlet != .deliveryLogs, durable.status == Status.pending.rawValue else { continue }
      let isWaiting = durable.payload.withUnsafeBytes { payload in
        RecordPayload(payload).map { !$0.state.dueAt.isNone } ?? false
      }
      if !isWaiting, !broker.parked.contains(where: { isAbout($0, id) }) {
        violations.append("\(id) was settled while its delivery was unconfirmed")
      }
    }
  }

  private func isAbout(_ parked: ModelBroker.Published, _ id: String) -> Bool {
    parked.messageID == id || String(decoding: parked.body, as: UTF8.self).contains(id)
  }

  /// Guarantees 2 and 4: a delivery leaves after its record is durable, always the same.
  func checkDelivery(_ delivery: ModelBroker.Published) {
    guard let id = deliveryEventID(delivery.messageID) else {
      return violations.append("\(delivery.messageID) is no delivery id")
    }
    let key = Array(id.utf8).withUnsafeBytes { log.key(of: $0) }
    let isDurable = log.records.prefix(log.durableCount).contains {
      $0.kind.isOfEvent && $0.key == key
    }
    if !isDurable { violations.append("\(id) was published before it was durable") }
    if let before = deliveryBodies[delivery.messageID], before != delivery.body {
      violations.append("\(delivery.messageID) was published with another content")
    }
    deliveryBodies[delivery.messageID] = delivery.body
  }

  /// After the run: every event is final, every published transition reached the broker in
  /// order, every move was legal, and nothing is left.
  func checkEnd(events: [String]) {
    for id in events {
      let key = Array(id.utf8).withUnsafeBytes { log.key(of: $0) }
      let history = log.records.filter { $0.kind.isOfEvent && $0.key == key }
      guard let last = history.last else {
        violations.append("\(id) is lost")
        continue
      }
      if Status(rawValue: last.status)?.isFinal != true {
        violations.append("\(id) ended as \(last.status)")
      }
      checkMoves(id, history)
      checkUpdates(id, history)
    }
  }

  private func checkMoves(_ id: String, _ history: [ModelLog.Record]) {
    var previous: Status?
    var sequence: UInt32 = 0
    for record in history where record.kind != .evidence && record.kind != .carried {
      let state = record.payload.withUnsafeBytes { RecordPayload($0)?.state }
      guard let state else {
        violations.append("\(id): a record cannot be read")
        continue
      }
      if state.sequence != sequence + 1 {
        violations.append("\(id): sequence \(state.sequence) follows \(sequence)")
      }
      sequence = state.sequence
      if let previous, !previous.canMove(to: state.status) {
        violations.append("\(id): \(previous) to \(state.status)")
      }
      if previous == nil, state.status != .pending { violations.append("\(id): bad start") }
      previous = state.status
    }
  }

  /// Guarantee 5, and what a subscriber that drops old sequences sees.
  private func checkUpdates(_ id: String, _ history: [ModelLog.Record]) {
    let expected = history.filter { $0.isPublished }.map { record in
      record.payload.withUnsafeBytes { RecordPayload($0)?.state.sequence ?? 0 }
    }
    var seen: [UInt32] = []
    var newest: UInt32 = 0
    for update in broker.statusUpdates where update.messageID.hasPrefix("\(id).00.") {
      guard let sequence = UInt32(update.messageID.split(separator: ".").last ?? "") else {
        continue
      }
      if sequence > newest {
        seen.append(sequence)
        newest = sequence
      }
    }
    if seen != expected {
      violations.append("\(id): subscribers saw \(seen), the log has \(expected)")
    }
  }
}
