package import LogSequence
import Messages

/// Goes through a shard's whole log, record by record, and says by name what does not add up:
/// events whose history contradicts itself, and totals that are not what the records say.
///
/// The engine counts as it goes and at its start; this is the count from outside, which trusts
/// neither. It remembers every event, so it is for a command, not for the service.
package struct Reconciliation {
  private struct Seen {
    var status: Status
    var sequence: UInt32
    var attempt: UInt16
  }

  /// What the records come to.
  package private(set) var totals = ShardTotals()
  /// Sentences, the first thousand of them.
  package private(set) var problems: [String] = []
  /// The newest totals that the service has written down.
  package private(set) var recorded: ShardTotals?
  private var events: [EventKey: Seen] = [:]
  private var isWhole = true
  private var nextLSN: LSN = 1

  package init() {}

  /// Takes the next record, in LSN order.
  package mutating func take(
    lsn: LSN, kind: UInt8, key: EventKey, id: UnsafeRawBufferPointer,
    payload: UnsafeRawBufferPointer
  ) {
    // Retention has removed what was before: totals begin with the first that are written down.
    if lsn != nextLSN { isWhole = false }
    nextLSN = lsn.next
    guard let kind = RecordKind(rawValue: kind) else {
      return note("the record with LSN \(lsn) is of a kind that this program does not write")
    }
    if kind.isAside { return }
    guard kind.isOfEvent else { return takePosition(lsn, payload) }
    guard let record = RecordPayload(payload) else {
      return note("the record with LSN \(lsn) cannot be read")
    }
    totals.count(kind, record.state)
    let name = String(decoding: id, as: UTF8.self)
    check(record.state, kind, events[key], "\(name) (LSN \(lsn))")
    events[key] = Seen(
      status: record.state.status, sequence: record.state.sequence,
      attempt: record.state.attempt)
  }

  /// After the last record: in == open + final, and each event counted where it is.
  package mutating func finish() {
    for lane in Lane.allCases {
      if let mismatch = totals[lane].mismatch(lane) { note(mismatch) }
    }
    guard isWhole else { return }
    let accepted = Lane.allCases.reduce(0) { $0 + totals[$1].accepted }
    if accepted != events.count {
      note("\(accepted) events were accepted, the records are of \(events.count)")
    }
    for status in Status.allCases {
      let there = events.values.count { $0.status == status }
      let said = Lane.allCases.reduce(0) { $0 + totals[$1][status] }
      if there != said { note("\(there) events are \(status.wireName), the totals say \(said)") }
    }
  }

  private mutating func check(
    _ state: EventState, _ kind: RecordKind, _ before: Seen?, _ name: String
  ) {
    guard let before else {
      if kind != .accepted, isWhole { note("\(name): its history begins in the middle") }
      return
    }
    guard kind.isTransition else {
      if state.status != before.status || state.sequence != before.sequence {
        note("\(name): a record that is no transition changes the status or the sequence")
      }
      return
    }
    if kind == .accepted { note("\(name): accepted twice") }
    if state.previousStatus != before.status || state.sequence != before.sequence + 1 {
      note(
        "\(name): transition \(state.sequence) from \(state.previousStatus?.wireName ?? "nothing") "
          + "follows \(before.sequence), \(before.status.wireName)")
    }
    if !before.status.canMove(to: state.status) {
      note("\(name): \(before.status.wireName) to \(state.status.wireName) is no legal move")
    }
    if state.attempt != before.attempt, state.attempt != before.attempt + 1 {
      note("\(name): attempt \(state.attempt) follows \(before.attempt)")
    }
  }

  private mutating func takePosition(_ lsn: LSN, _ payload: UnsafeRawBufferPointer) {
    guard let position = PositionRecord(payload) else {
      return note("the record with LSN \(lsn) cannot be read")
    }
    defer { recorded = position.totals }
    guard isWhole || recorded != nil else {
      totals = position.totals
      return
    }
    for lane in Lane.allCases {
      totals[lane].duplicates = position.totals[lane].duplicates
      totals[lane].parked = position.totals[lane].parked
      for status in Status.allCases where totals[lane][status] != position.totals[lane][status] {
        note(
          "lane \(lane.name), \(status.wireName): the records up to LSN \(lsn) say "
            + "\(totals[lane][status]), the totals there \(position.totals[lane][status])")
      }
    }
  }

  private mutating func note(_ text: String) {
    if problems.count < 1_000 { problems.append(text) }
  }
}
