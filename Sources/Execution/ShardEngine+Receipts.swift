import JSON
import Messages

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
