internal import EventLog
internal import LogSequence

/// What a busy shard writes: events of three transitions, a thousand records apart; now and then
/// one that stays open for much longer than the log keeps records, so that retention has to ask for
/// it; and the position of an outbox. Knows the newest record of every event that may still change.
struct EnduranceLoad {
  /// Every how many records another event begins that stays open for long.
  let longEvery: Int
  /// How long such an event stays open (ns).
  let openNanoseconds: Int64

  /// Records appended, those for retention not counted.
  private(set) var records = 0
  /// Events of three transitions that have begun.
  private(set) var events: UInt64 = 0
  private(set) var carried = 0

  private var number = 0
  /// The newest record of each event of the present thousand.
  private var newest = [LSN](repeating: 0, count: distance)
  private var longBegun: UInt64 = 0
  /// By the order in which they end.
  private var longOrder: [Ending] = []
  private var longFirst = 0
  private var long: [EventHash: Long] = [:]
  /// Final events that were written again for retention lately, so that each is written once: those
  /// of now, and those of before.
  private var rewritten: [Set<EventHash>] = [[], []]

  private static let distance = Int(NumberedRecord.distance)
  private static let transitions: [RecordFlags] = [
    [.event, .publish], [.event, .publish], [.event, .publish, .final],
  ]
  private static let carriedFinal: RecordFlags = [.event, .final, .base]
  private static let kindOfPosition: UInt8 = 9
  /// So many of them, and as many of before, are remembered.
  private static let rewrittenKept = 1 << 12

  private struct Ending {
    var hash: EventHash
    var at: Int64
  }

  private struct Long {
    var number: UInt64
    var newest: LSN
  }

  init(longEvery: Int, openNanoseconds: Int64) {
    self.longEvery = longEvery
    self.openNanoseconds = openNanoseconds
  }

  /// The id of an event of three transitions.
  static func id(event: UInt64) -> [UInt8] { id(event, of: 0x5555) }

  private static func id(_ number: UInt64, of kind: UInt64) -> [UInt8] {
    var id = [UInt8](repeating: 0, count: NumberedRecord.idBytes)
    id.withUnsafeMutableBytes { write(number, of: kind, to: $0) }
    return id
  }

  private static func write(
    _ number: UInt64, of kind: UInt64, to id: UnsafeMutableRawBufferPointer
  ) {
    id.storeBytes(of: NumberedRecord.mixed(number), as: UInt64.self)
    id.storeBytes(of: NumberedRecord.mixed(kind), toByteOffset: 8, as: UInt64.self)
  }

  /// Appends the next `count` records; `time`: unix ns.
  mutating func append(_ count: Int, to log: EventLog, at time: Int64) {
    NumberedRecord.withSpace { id, payload in
      for _ in 0..<count {
        if records % longEvery == longEvery / 2 {
          beginLong(log, id, payload, at: time)
        } else if longFirst < longOrder.count, longOrder[longFirst].at <= time {
          endLong(log, id, payload, at: time)
        } else {
          appendShort(log, id, payload, at: time)
        }
        records += 1
      }
    }
  }

  private mutating func appendShort(
    _ log: EventLog, _ id: UnsafeMutableRawBufferPointer,
    _ payload: UnsafeMutableRawBufferPointer, at time: Int64
  ) {
    let place = number % Self.distance
    let step = number / Self.distance % 3
    let event = UInt64(number / (3 * Self.distance) * Self.distance + place)
    if step == 0 {
      newest[place] = 0
      events = event + 1
    }
    Self.write(event, of: 0x5555, to: id)
    let previous = newest[place]
    newest[place] = log.nextLSN
    number += 1
    Self.append(
      log, id, payload, Self.transitions[step], status: UInt8(step), previous: previous, at: time)
  }

  private mutating func beginLong(
    _ log: EventLog, _ id: UnsafeMutableRawBufferPointer,
    _ payload: UnsafeMutableRawBufferPointer, at time: Int64
  ) {
    Self.write(longBegun, of: 0xAAAA, to: id)
    let hash = log.hash(of: UnsafeRawBufferPointer(id))
    long[hash] = Long(number: longBegun, newest: log.nextLSN)
    longOrder.append(Ending(hash: hash, at: time + openNanoseconds))
    longBegun += 1
    Self.append(log, id, payload, [.event, .driven], status: 0, previous: 0, at: time)
  }

  private mutating func endLong(
    _ log: EventLog, _ id: UnsafeMutableRawBufferPointer,
    _ payload: UnsafeMutableRawBufferPointer, at time: Int64
  ) {
    let hash = longOrder[longFirst].hash
    longFirst += 1
    // Those that have ended make up half of the list at most.
    if longFirst * 2 > longOrder.count + 1024 {
      longOrder.removeFirst(longFirst)
      longFirst = 0
    }
    guard let event = long.removeValue(forKey: hash) else {
      preconditionFailure("an event that stays open for long ends once")
    }
    Self.write(event.number, of: 0xAAAA, to: id)
    Self.append(
      log, id, payload, [.event, .publish, .final], status: 2, previous: event.newest, at: time)
  }

  /// Where the outbox is: a record that is no event's.
  mutating func appendPosition(to log: EventLog, at time: Int64) {
    let header = RecordHeader(
      lsn: log.nextLSN, kind: Self.kindOfPosition, flags: [], time: time)
    let bytes = [UInt8](repeating: 1, count: 16)
    bytes.withUnsafeBytes {
      log.append(header, id: UnsafeRawBufferPointer(start: nil, count: 0), payload: $0)
    }
  }

  /// Answers what retention asks for: open events, and final ones that hold old records.
  mutating func carry(_ requests: [CarryRequest], to log: EventLog, at time: Int64) {
    NumberedRecord.withSpace { id, payload in
      for request in requests {
        if !request.isEvent {
          appendPosition(to: log, at: time)
        } else if let final = request.finalID {
          guard final.count == id.count, isNewest(request, in: log), noteRewritten(request.hash)
          else { continue }
          id.copyBytes(from: final)
          Self.append(
            log, id, payload, Self.carriedFinal, status: 2, previous: request.lsn, at: time)
          carried += 1
        } else if let event = long[request.hash], event.newest == request.lsn {
          long[request.hash] = Long(number: event.number, newest: log.nextLSN)
          Self.write(event.number, of: 0xAAAA, to: id)
          Self.append(
            log, id, payload, [.event, .driven, .base], status: 0, previous: request.lsn, at: time)
          carried += 1
        }
      }
    }
  }

  /// Whether memory knows of no newer record of the event.
  private func isNewest(_ request: CarryRequest, in log: EventLog) -> Bool {
    guard case .found(let location) = log.lookup(request.hash) else { return true }
    return location.lsn == request.lsn
  }

  /// False for one that is known.
  private mutating func noteRewritten(_ hash: EventHash) -> Bool {
    guard !rewritten.contains(where: { $0.contains(hash) }) else { return false }
    if rewritten[0].count >= Self.rewrittenKept { rewritten = [[], rewritten[0]] }
    return rewritten[0].insert(hash).inserted
  }

  /// The id of one of the events that stay open for long, any; nil without.
  func openID(_ random: UInt64) -> [UInt8]? {
    guard longFirst < longOrder.count else { return nil }
    let at = longFirst + Int(random % UInt64(longOrder.count - longFirst))
    return long[longOrder[at].hash].map { Self.id($0.number, of: 0xAAAA) }
  }

  private static func append(
    _ log: EventLog, _ id: UnsafeMutableRawBufferPointer,
    _ payload: UnsafeMutableRawBufferPointer, _ flags: RecordFlags, status: UInt8,
    previous: LSN, at time: Int64
  ) {
    NumberedRecord(log.nextLSN.rawValue).writePayload(payload)
    let idBytes = UnsafeRawBufferPointer(id)
    log.append(
      RecordHeader(
        lsn: log.nextLSN, kind: previous == 0 ? 1 : 2, status: status + 1, previousStatus: status,
        flags: flags, attempt: 1, time: time, hash: log.hash(of: idBytes), previousLSN: previous),
      id: idBytes, payload: UnsafeRawBufferPointer(payload))
  }
}
