internal import EventLog
internal import Execution
internal import LogSequence
internal import Messages

/// How many events a store holds, by their present status and lane.
struct EventCounts {
  private var counts: [Status: [Lane: Int]] = [:]
  private(set) var total = 0

  init() {}

  /// Reads the whole log twice.
  init(_ reader: EventLogReader) throws {
    let progress = ScanProgress("counting")
    defer { progress.finish() }
    var result = EventCounts()
    try NewestRecords(reader).forEach(progress: { progress.update(Int($0), of: Int($1)) }) {
      guard let payload = RecordPayload($0.payload) else {
        throw CommandFailure(
          "the record with LSN \($0.header.lsn) is not one that this program writes", .data)
      }
      result.add(payload.state.status, payload.state.lane)
    }
    self = result
  }

  mutating func add(_ status: Status, _ lane: Lane) {
    counts[status, default: [:]][lane, default: 0] += 1
    total += 1
  }

  func count(_ status: Status, _ lane: Lane) -> Int { counts[status]?[lane] ?? 0 }

  var table: TextTable {
    var table = TextTable(["STATUS"] + Lane.allCases.map { "\($0.name)".uppercased() })
    for status in Status.allCases {
      table.add(["\(status.wireName)"] + Lane.allCases.map { "\(count(status, $0))" })
    }
    return table
  }

  /// One object a status.
  var jsonLines: [String] {
    Status.allCases.map { status in
      var object = JSONObjectText()
      object.add("status", "\(status.wireName)")
      for lane in Lane.allCases { object.add("\(lane.name)", count(status, lane)) }
      return object.text
    }
  }

  /// An array of the same.
  var json: String { "[\(jsonLines.joined(separator: ","))]" }
}
