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
  var newest: [[UInt8]: UInt64] = [:]

  var nextLSN: UInt64 { UInt64(records.count) + 1 }

  /// A random next record of a new or a known event.
  mutating func makeRecord(
    _ random: inout SeededRandom, hash: ([UInt8]) -> EventHash, maxPayload: Int = 900
  ) -> ModelRecord {
    let known = records.isEmpty ? 0 : Int.random(in: 0..<records.count, using: &random)
    var id = Array("event-\(nextLSN)".utf8)
    if !records.isEmpty, Int.random(in: 0..<3, using: &random) > 0 { id = records[known].id }
    let header = RecordHeader(
      lsn: nextLSN, kind: UInt8.random(in: 1...3, using: &random),
      status: UInt8.random(in: 1...7, using: &random), previousStatus: 2,
      flags: [.event, .publish], attempt: UInt16.random(in: 0...9, using: &random),
      time: Int64.random(in: 0...1_000_000, using: &random), hash: hash(id),
      previousLSN: newest[id] ?? 0)
    let record = ModelRecord(
      header: header, id: id,
      payload: random.bytes(Int.random(in: 0...maxPayload, using: &random)))
    add(record)
    return record
  }

  mutating func add(_ record: ModelRecord) {
    records.append(record)
    newest[record.id] = record.header.lsn
  }

  /// Forgets records that were lost because they were never durable.
  mutating func truncate(to count: Int) {
    let kept = records.prefix(count)
    self = Model()
    for record in kept { add(record) }
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
