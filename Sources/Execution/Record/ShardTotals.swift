package import Messages

/// How many events a lane has taken in, and where they are now: what came in is what is open and
/// what is final. Counted from the records, so a start that replays them comes to the same.
package struct LaneTotals: Sendable, Equatable {
  /// Events accepted in the life of the store.
  package var accepted = 0
  /// Events that came again; counted as they come, a crash may forget the last second's.
  package var duplicates = 0
  /// Messages and elements of them that were parked; counted the same way.
  package var parked = 0
  /// Events by their present status: index `Status.rawValue - 1`.
  package var counts = [Int](repeating: 0, count: Status.allCases.count)

  package subscript(status: Status) -> Int {
    get { counts[Int(status.rawValue) - 1] }
    set { counts[Int(status.rawValue) - 1] = newValue }
  }

  package var open: Int { Status.allCases.reduce(0) { $0 + ($1.isFinal ? 0 : self[$1]) } }
  package var final: Int { Status.allCases.reduce(0) { $0 + ($1.isFinal ? self[$1] : 0) } }

  /// What does not add up; nil when all does.
  func mismatch(_ lane: Lane) -> String? {
    for status in Status.allCases where self[status] < 0 {
      return "lane \(lane.name): \(self[status]) events are \(status.wireName)"
    }
    guard accepted != open + final else { return nil }
    return "lane \(lane.name): accepted \(accepted), open \(open), final \(final)"
  }
}

/// The totals of a shard.
package struct ShardTotals: Sendable, Equatable {
  package var realtime = LaneTotals()
  package var batch = LaneTotals()
  /// Events whose delivery was published again because no log came, still without one.
  package var stuck = 0

  package subscript(lane: Lane) -> LaneTotals {
    get { lane == .realtime ? realtime : batch }
    _modify {
      if lane == .realtime { yield &realtime } else { yield &batch }
    }
  }

  /// Takes in one record of an event.
  mutating func count(_ kind: RecordKind, _ state: EventState) {
    switch kind {
    case .accepted:
      self[state.lane].accepted += 1
      self[state.lane][state.status] += 1
    case .transition:
      guard let previous = state.previousStatus else { return }
      self[state.lane][previous] -= 1
      self[state.lane][state.status] += 1
      if previous == .pendingDelivery, state.logTimeouts > 0 { stuck -= 1 }
    case .republished:
      if state.logTimeouts == 1, state.dueAt.isNone { stuck += 1 }
    case .evidence, .carried, .position, .parked, .unparked, .cancelRequested: break
    }
  }

  static let byteCount = 8 * (1 + 2 * (3 + Status.allCases.count))

  func write(to bytes: inout [UInt8]) {
    var numbers = [stuck]
    for lane in Lane.allCases {
      numbers += [self[lane].accepted, self[lane].duplicates, self[lane].parked]
      numbers += self[lane].counts
    }
    for number in numbers {
      withUnsafeBytes(of: Int64(number).littleEndian) { bytes.append(contentsOf: $0) }
    }
  }

  package init() {}

  /// - Parameter bytes: `byteCount` of them.
  init(_ bytes: UnsafeRawBufferPointer) {
    var at = 0
    func next() -> Int {
      defer { at += 8 }
      return Int(Int64(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: Int64.self)))
    }
    stuck = next()
    for lane in Lane.allCases {
      self[lane].accepted = next()
      self[lane].duplicates = next()
      self[lane].parked = next()
      for index in Status.allCases.indices { self[lane].counts[index] = next() }
    }
  }
}
