import LogSequence
import TestSupport

@testable import EventLog

/// What a record should be, and what came back.
struct ModelRecord: Equatable, CustomStringConvertible {
  var header: RecordHeader
  var id: [UInt8]
  var payload: [UInt8]

  init(_ view: RecordView) {
    header = view.header
    id = Array(view.id)
    payload = Array(view.payload)
  }

  init(header: RecordHeader, id: [UInt8], payload: [UInt8]) {
    self.header = header
    self.id = id
    self.payload = payload
  }

  var description: String {
    "record \(header.lsn) <- \(header.previousLSN), \(payload.count) bytes"
  }
}

/// The whole log in memory, and records that continue it.
struct Model {
  var records: [ModelRecord] = []
  var newest: [[UInt8]: LSN] = [:]
  private var bases: [[UInt8]: LSN] = [:]
  /// Ids, in the order of their first records.
  var events: [[UInt8]] = []

  var nextLSN: LSN { LSN(records.count).next }

  /// A random next record of a new or a known event; every second one is final. With `others`,
  /// now and then one that is no event's.
  mutating func makeRecord(
    _ random: inout SeededRandom, hash: ([UInt8]) -> EventHash, maxPayload: Int = 900,
    others: Bool = false
  ) -> ModelRecord {
    if others, Int.random(in: 0..<20, using: &random) == 0 {
      let header = RecordHeader(
        lsn: nextLSN, kind: UInt8.random(in: 4...5, using: &random), flags: [],
        time: Int64(nextLSN.rawValue))
      let record = ModelRecord(header: header, id: [], payload: random.bytes(8))
      add(record)
      return record
    }
    let events = self.events
    let known = events.isEmpty ? 0 : Int.random(in: 0..<events.count, using: &random)
    var id = Array("event-\(nextLSN)".utf8)
    if !events.isEmpty, Int.random(in: 0..<3, using: &random) > 0 { id = events[known] }
    let header = RecordHeader(
      lsn: nextLSN, kind: UInt8.random(in: 1...3, using: &random),
      status: UInt8.random(in: 1...7, using: &random), previousStatus: 2,
      flags: Bool.random(using: &random) ? [.event, .publish] : [.event, .final],
      attempt: UInt16.random(in: 0...9, using: &random),
      time: Int64(nextLSN.rawValue), hash: hash(id),
      previousLSN: newest[id] ?? 0)
    let record = ModelRecord(
      header: header, id: id,
      payload: random.bytes(Int.random(in: 0...maxPayload, using: &random)))
    add(record)
    return record
  }

  /// The record that carries an event forward, or takes the place of one that is no event's.
  mutating func makeCarry(_ request: CarryRequest) -> ModelRecord? {
    let old = records[Int(request.lsn.rawValue) - 1]
    var record = old
    record.header.lsn = nextLSN
    record.header.time = Int64(nextLSN.rawValue)
    if request.isEvent {
      // Meanwhile another record may have come, and it may be final.
      guard newest[old.id] == request.lsn else { return nil }
      record.header.previousLSN = request.lsn
      record.header.flags.insert(.base)
    }
    add(record)
    return record
  }

  /// The newest record of an event that needs none before it.
  func base(_ id: [UInt8]) -> LSN { bases[id] ?? 0 }

  mutating func add(_ record: ModelRecord) {
    records.append(record)
    guard record.header.flags.contains(.event) else { return }
    if record.header.isBase { bases[record.id] = record.header.lsn }
    if newest[record.id] == nil { events.append(record.id) }
    newest[record.id] = record.header.lsn
  }

  /// What an opening shows its owner when tables cover the log up to `covered`.
  func replay(covered: LSN) -> [ModelRecord] {
    let before = records.prefix(Int(covered.rawValue))
    var newest: [[UInt8]: ModelRecord] = [:]
    var kinds: [UInt8: ModelRecord] = [:]
    for record in before {
      if record.header.flags.contains(.event) {
        newest[record.id] = record
      } else {
        kinds[record.header.kind] = record
      }
    }
    let open = newest.values.filter { !$0.header.flags.contains(.final) } + kinds.values
    return open.sorted { $0.header.lsn < $1.header.lsn } + records.dropFirst(Int(covered.rawValue))
  }

  /// Forgets records that were lost because they were never durable.
  mutating func truncate(to count: Int) {
    let kept = records.prefix(count)
    self = Model()
    for record in kept { add(record) }
  }

  /// Events that lost a record that they needed are not taken up again: their owner would find
  /// no body of them.
  mutating func forget(through origin: LSN) {
    events = events.filter { base($0) > origin }
  }

  func history(_ id: [UInt8]) -> [ModelRecord] { records.filter { $0.id == id } }
}

extension RecordBlock {
  var models: [ModelRecord] {
    var list: [ModelRecord] = []
    forEach { list.append(ModelRecord($0)) }
    return list
  }
}
