import Execution
import LogSequence
import Messages

/// The event log of a simulated shard: records in memory, of which a prefix is durable.
final class ModelLog: EventLookup {
  final class Record {
    let lsn: LSN
    let kind: RecordKind
    let key: EventKey
    let status: UInt8
    let isPublished: Bool
    let isFinal: Bool
    let isDriven: Bool
    let time: Int64
    /// When it was appended, in simulated time.
    let appendedAt: Int64
    /// What the wall clock would have shown then, had nobody put it back in that process's life.
    let latest: Timestamp
    let id: [UInt8]
    let payload: [UInt8]

    init(
      _ order: AppendOrder, key: EventKey, bytes: [UInt8], at now: Int64, latest: Timestamp
    ) {
      func slice(_ range: ByteRange) -> [UInt8] {
        Array(bytes[range.offset..<range.offset + range.count])
      }
      lsn = order.lsn
      kind = order.kind
      self.key = key
      status = order.status
      isPublished = order.isPublished
      isFinal = order.isFinal
      isDriven = order.isDriven
      time = order.time.nanoseconds
      appendedAt = now
      self.latest = latest
      id = slice(order.id)
      payload = slice(order.payload)
    }

    var state: EventState? { payload.withUnsafeBytes { RecordPayload($0)?.state } }
    var occurredAt: Timestamp? { payload.withUnsafeBytes { RecordPayload($0)?.occurredAt } }
    var reason: String {
      payload.withUnsafeBytes { bytes in
        RecordPayload(bytes).map { String(decoding: $0.reasonCodeBytes, as: UTF8.self) } ?? ""
      }
    }
  }

  /// Of a record that nothing is looked up by.
  private static let noKey = EventKey(high: 0, low: 0)

  private(set) var records: [Record] = []
  private(set) var durableCount = 0
  /// The newest record of each event.
  private var newest: [EventKey: Int] = [:]
  /// The records of each event, in order.
  private var places: [EventKey: [Int]] = [:]
  /// Keys that count as known though they are not: fingerprints that collide.
  var collisions: Set<EventKey> = []

  /// Records that retention removed.
  private var removed: Set<LSN> = []

  /// Open events, as the log asks for them to be carried: the newest durable record of each.
  var carryRequests: [(lsn: LSN, key: EventKey)] {
    records.prefix(durableCount).indices.compactMap { index in
      let record = records[index]
      guard record.kind != .position, !record.isFinal, newest[record.key] == index else {
        return nil
      }
      return (record.lsn, record.key)
    }
  }

  /// Final events, as the log asks for them to be carried: by their newest durable records.
  var finalCarryRequests: [(lsn: LSN, id: [UInt8])] {
    records.prefix(durableCount).indices.compactMap { index in
      let record = records[index]
      guard record.kind.isOfEvent, record.isFinal, newest[record.key] == index else { return nil }
      return (record.lsn, record.id)
    }
  }

  /// Removes the records of carried events that stand before the carrying one, `keepFrom` and the
  /// newest record with totals.
  func retain(from keepFrom: LSN) {
    let durable = records.prefix(durableCount)
    let bound = min(keepFrom, durable.last { $0.kind == .position }?.lsn ?? 0)
    var carried: [EventKey: LSN] = [:]
    for record in records.prefix(durableCount)
    where record.kind == .carried || record.kind.isOfParkedCopy {
      carried[record.key] = record.lsn
    }
    for record in records where record.lsn < min(carried[record.key] ?? 0, bound) {
      removed.insert(record.lsn)
    }
  }

  var nextLSN: LSN { LSN(records.count + 1) }
  var durableLSN: LSN { LSN(durableCount) }

  func key(of id: UnsafeRawBufferPointer) -> EventKey {
    var high: UInt64 = 0xCBF2_9CE4_8422_2325
    var low: UInt64 = 0x9E37_79B9_7F4A_7C15
    for byte in id {
      high = (high ^ UInt64(byte)) &* 0x100_0000_01B3
      low = (low &+ UInt64(byte)) &* 0xBF58_476D_1CE4_E5B9
      low ^= low >> 29
    }
    return EventKey(high: high, low: low)
  }

  func key(of id: String) -> EventKey {
    Array(id.utf8).withUnsafeBytes { key(of: $0) }
  }

  func mayContain(_ key: EventKey) -> Bool {
    newest[key] != nil || collisions.contains(key)
  }

  func isNewest(_ lsn: LSN, of key: EventKey) -> Bool {
    newest[key].map { records[$0].lsn == lsn } ?? false
  }

  func append(_ order: AppendOrder, bytes: [UInt8], at now: Int64, latest: Timestamp) {
    precondition(order.lsn == nextLSN, "LSNs follow each other")
    records.append(
      Record(order, key: order.key ?? Self.noKey, bytes: bytes, at: now, latest: latest))
    if let key = order.key {
      newest[key] = records.count - 1
      places[key, default: []].append(records.count - 1)
    }
  }

  /// Makes more records durable and hands them out.
  func makeDurable(_ count: Int, _ body: (Record) -> Void) {
    let before = durableCount
    durableCount = min(records.count, durableCount + count)
    for index in before..<durableCount {
      body(records[index])
    }
  }

  func record(lsn: LSN) -> Record? {
    lsn >= 1 && lsn < nextLSN && !removed.contains(lsn) ? records[LSN.first.distance(to: lsn)] : nil
  }

  func newestRecord(id: [UInt8]) -> Record? {
    let key = id.withUnsafeBytes { self.key(of: $0) }
    guard let index = newest[key], records[index].id == id else { return nil }
    return records[index]
  }

  /// Whether a durable record holds a copy for the parked queue that is about an id.
  func hasParked(_ id: String) -> Bool {
    records.prefix(durableCount).reversed().contains { record in
      record.kind == .parked && String(decoding: record.payload, as: UTF8.self).contains(id)
    }
  }

  /// The event's durable records, newest first.
  func durableRecords(of key: EventKey) -> some Collection<Record> {
    places[key, default: []].reversed().lazy.filter { $0 < self.durableCount }
      .map { self.records[$0] }
  }

  /// A crash: what is not durable may be gone. Frames are whole, so it is a prefix that stays.
  func crash(keeping extra: Int) {
    let kept = min(records.count, durableCount + extra)
    records.removeLast(records.count - kept)
    durableCount = kept
    newest = [:]
    places = [:]
    for (index, record) in records.enumerated() where record.kind != .position {
      newest[record.key] = index
      places[record.key, default: []].append(index)
    }
  }

  /// What a start is shown: below `lsn`, where segments are indexed, the newest record of each
  /// event that was open there, and of the kind that is no event's; then all the others.
  func replay(indexedBelow lsn: LSN) -> [Record] {
    var last: [EventKey: LSN] = [:]
    var lastPosition: LSN = 0
    for record in records where record.lsn < lsn {
      if record.kind == .position {
        lastPosition = record.lsn
      } else {
        last[record.key] = record.lsn
      }
    }
    return records.filter { record in
      if removed.contains(record.lsn) { return false }
      if record.lsn >= lsn { return true }
      guard record.kind != .position else { return record.lsn == lastPosition }
      return record.isDriven && last[record.key] == record.lsn
    }
  }
}
