internal import EventLog
internal import Execution
internal import JSON
internal import LogSequence
internal import Messages
internal import Node

/// An event as the store has it: as it came, and what it was last pinned to.
struct StoredBody {
  let id: String
  let lane: Lane
  let body: [UInt8]
  /// When it was accepted (nanoseconds since 1970), by the clock of its shard.
  var time: Int64 = 0
  /// The template's name and content hash; nil when it has had none.
  var template: (name: String, version: String)?
}

extension StoredEvents {
  /// The events that were accepted last, oldest first, at most `count`.
  func newestBodies(_ count: Int) throws -> [StoredBody] {
    let bodies = try shards.flatMap { try $0.newestBodies(count) }
    guard shards.count > 1 else { return bodies }
    return bodies.sorted { $0.time < $1.time }.suffix(count)
  }
}

extension StoredShard {
  /// The events that were accepted last, oldest first, at most `count`.
  func newestBodies(_ count: Int) throws -> [StoredBody] {
    // Each event has a few records: from far enough back, and further when that is not enough.
    var span = count * 4
    while true {
      let first =
        LSN.first.distance(to: reader.durableLSN) >= span
        ? reader.durableLSN.advanced(by: -span) : .first
      let found = try bodies(from: first)
      if found.count >= count || first <= reader.firstLSN { return Array(found.suffix(count)) }
      span *= 4
    }
  }

  private func bodies(from first: LSN) throws -> [StoredBody] {
    var found: [StoredBody] = []
    var places: [EventHash: Int] = [:]
    let parser = JSONParser()
    do {
      try reader.forEachRecord(from: first) { record in
        guard record.header.flags.isOfEvent, let payload = RecordPayload(record.payload)
        else { return }
        if !payload.bodyBytes.isEmpty {
          let event = StoredBody(
            id: String(decoding: record.id, as: UTF8.self), lane: payload.state.lane,
            body: Array(payload.bodyBytes), time: record.header.time)
          // Retention writes an open event again: it is one all the same.
          if places[record.header.hash] == nil {
            places[record.header.hash] = found.count
            found.append(event)
          }
        }
        guard let place = places[record.header.hash] else { return }
        let update = try update(record)
        try parser.withDocument(update) { root in
          guard let template = root["template"], let version = template["version"]?.asString
          else { return }
          found[place].template = (template["name"]?.asString?.string ?? "", version.string)
        }
      }
    } catch let error as EventLogError {
      throw CommandFailure(error)
    }
    return found
  }
}
