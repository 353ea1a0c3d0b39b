import JSON
import Messages

/// What a receipt says.
enum ReceiptNews {
  /// The event is durable, or was already.
  case taken(EventState, isDuplicate: Bool)
  /// What has come of a cancel.
  case cancel(CancelOutcome)
  /// The message, or the element, is parked.
  case refused(Rejection)
}

// Receipts: best effort, on a connection of their own, and no acknowledgement waits for one.
extension ShardEngine {
  /// Publishes the receipt of an accepted (or repeated) event to the `reply_to` of its message.
  func publishReceipt(of event: Int32, to message: Int32, isDuplicate: Bool) {
    // Only an engine that is broken on purpose has settled the message before.
    guard messages.isTaken(message) else { return }
    addReceipt(
      .taken(events[event].state, isDuplicate: isDuplicate),
      eventID: events[event].facts.id, to: message)
  }

  /// Publishes what has come of a cancel to the `reply_to` of its message.
  func publishCancelReceipt(_ outcome: CancelOutcome, of event: Int32, to message: Int32) {
    // Only an engine that is broken on purpose has settled the message before.
    guard messages.isTaken(message), messages[message].wantsReceipt else { return }
    addReceipt(.cancel(outcome), eventID: events[event].facts.id, to: message)
  }

  /// - Parameter eventID: empty when it could not be made out.
  func addReceipt(_ news: ReceiptNews, eventID: [UInt8], to message: Int32) {
    writer.removeAll()
    eventID.withUnsafeBytes { news.write(of: $0, to: &writer) }
    counters.receipts += 1
    let inbound = messages[message].message
    noteLoss(
      receipts.add(
        Receipts.Entry(
          replyTo: inbound.storage.withPart(inbound.replyTo.range) { ReplyAddress.queue(of: $0) },
          messageID: Self.receiptID(eventID, isOfCancel: messages[message].isCancel),
          correlationID: inbound.bytes(inbound.correlationID), body: writer.array()),
        window, &output, at: now.monotonic))
  }

  /// `<id>.receipt`, of a cancel `<id>.cancel-receipt`: an event's own is not to be taken for a
  /// repeat of it. None when there is no id or no room for it.
  private static func receiptID(_ eventID: [UInt8], isOfCancel: Bool) -> [UInt8] {
    let id = eventID + Array((isOfCancel ? ".cancel-receipt" : ".receipt").utf8)
    return eventID.isEmpty || id.count > Limits.shortStringBytes ? [] : id
  }

  /// Receipts have been given up.
  func noteLoss(_ loss: Receipts.Loss?) {
    guard let loss, loss.count > 0, !isBroken(.losesReceipts) else { return }
    counters.receiptsGivenUp += loss.count
    lastReceiptLoss = loss.reason
  }
}

extension ReceiptNews {
  /// Appends the receipt.
  ///
  /// - Parameter eventID: empty when it could not be made out.
  func write(of eventID: UnsafeRawBufferPointer, to writer: inout ByteWriter) {
    switch self {
    case .taken(let state, let isDuplicate):
      let isCancelled = state.isCancelled && state.status == .ignored
      let outcome = CancelOutcome.cancelled(state.status, isRepeated: false)
      Receipt.write(
        eventID: eventID, isDuplicate: isDuplicate, status: state.status,
        reason: isCancelled ? outcome.reason : nil, to: &writer)
    case .cancel(let outcome):
      writeCancel(outcome, of: eventID, to: &writer)
    case .refused(let rejection):
      Receipt.writeRefused(eventID: eventID.isEmpty ? nil : eventID, rejection, to: &writer)
    }
  }

  private func writeCancel(
    _ outcome: CancelOutcome, of eventID: UnsafeRawBufferPointer, to writer: inout ByteWriter
  ) {
    switch outcome {
    case .cancelled(let status, let isRepeated):
      Receipt.write(
        eventID: eventID, isDuplicate: isRepeated, status: status, reason: outcome.reason,
        to: &writer)
    case .remembered(let isRepeated):
      Receipt.write(
        eventID: eventID, isDuplicate: isRepeated, status: nil, reason: outcome.reason,
        to: &writer)
    case .tooLate(let status):
      Receipt.write(
        eventID: eventID, isAccepted: false, isDuplicate: false, status: status,
        reason: outcome.reason, to: &writer)
    case .unavailable: break
    }
  }
}
