import Messages

/// Which of an attempt's logs decides, told from its records in their order: a model of its own,
/// which the engine's answer is compared with.
///
/// Of logs whose times are not in the future it is the latest, whatever the order. One from the
/// future counts as a minute after its arrival, the first one; which of those that is depends on
/// what came before.
struct LogVerdict {
  private(set) var outcome: Status?
  private var time = Timestamp.earliest
  /// Whether that is the time of an arrival.
  private var isArrival = false
  /// The last four from the future.
  private var known: [ModelBroker.SentLog] = []

  private static let minute: Int64 = 60_000_000_000

  /// - Parameters:
  ///   - wall: the clock when it was recorded.
  ///   - latest: what the clock would have shown had nobody put it back in that process's life.
  mutating func take(_ log: ModelBroker.SentLog, at wall: Timestamp, latest: Timestamp) {
    if known.contains(where: { $0.occurredAt == log.occurredAt && $0.outcome == log.outcome }) {
      return
    }
    let end = wall.nanoseconds + Self.minute
    // The clock of a later life may be behind what an earlier one has believed.
    let mostPlausible = max(
      latest.nanoseconds, !isArrival && time > latest + Self.minute ? time.nanoseconds : .min)
    // Nor does an arrival that is still to come beat anything: the clock was ahead then.
    if isArrival, time.nanoseconds > end + Self.minute { time = .earliest }
    let isAhead = log.occurredAt.nanoseconds > mostPlausible + Self.minute
    let moment = isAhead ? max(Timestamp(nanoseconds: end), time) : log.occurredAt
    if isAhead { known = [log] + known.prefix(3) }
    if let outcome, (moment, log.outcome.rank) <= (time, outcome.rank) { return }
    (outcome, time, isArrival) = (log.outcome, moment, isAhead)
  }
}

extension Timestamp {
  fileprivate static func + (time: Timestamp, nanoseconds: Int64) -> Timestamp {
    Timestamp(nanoseconds: time.nanoseconds + nanoseconds)
  }
}
