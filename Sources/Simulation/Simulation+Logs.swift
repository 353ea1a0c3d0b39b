import Execution
import Messages

// What delivery engines say, and when.
extension Simulation {
  /// The delivery engine sends and says so: at once, later, twice, in contradictions, never.
  func answer(_ delivery: ModelBroker.Published) {
    guard let id = deliveryID(delivery.messageID)?.event, !random.chance(faults.silencePercent)
    else { return }
    for _ in 0..<(random.chance(30) ? 1 + random.below(3) : 1) {
      let outcome: Status = [.sent, .ignored, .deliveryFailed][random.below(3)]
      let present = Timestamp(nanoseconds: nanoseconds - Int64(random.below(4)) * 250_000_000)
      let time = (isFromFuture ? timeAhead : present).text
      let word = outcome == .deliveryFailed ? "failed" : "\(outcome.wireName)"
      guard let sent = noteLog(delivery.messageID, time, outcome) else { continue }
      let reason = sent.number < 0 ? "" : #""reason":{"code":"log-\#(sent.number)"},"#
      let log = """
        {"deliveryId":"\(delivery.messageID)","eventId":"\(id)","outcome":"\(word)",\(reason)\
        "occurredAt":"\(time)"}
        """
      let message = ModelBroker.Message(
        body: Array(log.utf8), messageID: "", replyTo: "", ids: [id], log: sent)
      for _ in 0..<(random.chance(10) ? 2 : 1) { sendInTime(delivery.replyTo, message) }
    }
  }

  private var isFromFuture: Bool {
    plan.futureLogPercent > 0 && lies.chance(plan.futureLogPercent)
  }

  private var timeAhead: Timestamp {
    let hour: Int64 = 3_600_000_000_000
    let ahead = [hour, 30 * hour, 80_000 * hour][lies.below(3)]
    return lies.chance(30) ? .latest : Timestamp(nanoseconds: nanoseconds + ahead)
  }

  /// Sends a log, in a plan with logs from the future some of them later, and some once more.
  private func sendInTime(_ replyTo: String, _ log: ModelBroker.Message) {
    guard plan.futureLogPercent > 0 else {
      sendLog?(replyTo, log)
      return
    }
    func later() -> Int64 { nanoseconds + Int64(1 + lies.below(200)) * 1_000_000_000 }
    if lies.chance(40) {
      lateLogs.append((later(), replyTo, log))
    } else {
      sendLog?(replyTo, log)
    }
    if lies.chance(30) { lateLogs.append((later(), replyTo, log)) }
  }

  func sendLateLogs() {
    guard !lateLogs.isEmpty else { return }
    let due = lateLogs.filter { $0.at <= nanoseconds }
    lateLogs.removeAll { $0.at <= nanoseconds }
    for entry in due { sendLog?(entry.replyTo, entry.log) }
  }

  /// When the next one is due, by the wall clock.
  var nextLateLog: Timestamp? {
    lateLogs.map(\.at).min().map {
      Timestamp(nanoseconds: now.wall.nanoseconds + $0 - nanoseconds)
    }
  }

  /// Remembers which log wins: the later one, ties by failed, ignored, sent.
  private func noteLog(
    _ deliveryID: String, _ time: String, _ outcome: Status
  ) -> ModelBroker.SentLog? {
    guard let occurredAt = Timestamp(rfc3339: time) else { return nil }
    var log = ModelBroker.SentLog(
      deliveryID: deliveryID, occurredAt: occurredAt, outcome: outcome)
    if plan.numbersLogs {
      log.number = sentLogs.count
      sentLogs.append(log)
    }
    if winningLogs[deliveryID].map({ $0.isBefore(log) }) ?? true { winningLogs[deliveryID] = log }
    return log
  }

  func deliveryID(_ text: String) -> (event: String, attempt: UInt16)? {
    Array(text.utf8).withUnsafeBytes { bytes in
      DeliveryID(bytes).map { (String(decoding: $0.eventID, as: UTF8.self), $0.attempt) }
    }
  }
}

extension ModelBroker.SentLog {
  /// Whether another log about the same delivery wins.
  func isBefore(_ other: ModelBroker.SentLog) -> Bool {
    (occurredAt, outcome.rank) < (other.occurredAt, other.outcome.rank)
  }
}

extension Status {
  /// Which of two logs of the same moment wins.
  var rank: Int { self == .deliveryFailed ? 3 : self == .ignored ? 2 : 1 }
}
