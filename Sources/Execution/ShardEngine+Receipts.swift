import JSON
import Messages

// Receipts: best effort, on a connection of their own, and no acknowledgement waits for one.
extension ShardEngine {
  /// Publishes the receipt of an accepted (or repeated) event to the `reply_to` of its message.
  func publishReceipt(_ receipt: PendingReceipt, of event: Int32) {
    // Only an engine that is broken on purpose has settled the message before.
    guard messages.isTaken(receipt.message) else { return }
    let state = events[event].state
    writer.removeAll()
    events[event].facts.withID { id in
      let outcome = CancelOutcome.cancelled(state.status, isRepeated: false)
      Receipt.write(
        eventID: id, isDuplicate: receipt.isDuplicate, status: state.status,
        reason: state.isCancelled && state.status == .ignored ? outcome.reason : nil, to: &writer)
    }
    addReceipt(to: receipt.message, eventID: events[event].facts.id)
  }

  /// Publishes what has come of a cancel to the `reply_to` of its message.
  func publishCancelReceipt(_ outcome: CancelOutcome, of event: Int32, to message: Int32) {
    // Only an engine that is broken on purpose has settled the message before.
    guard messages.isTaken(message), messages[message].wantsReceipt else { return }
    writer.removeAll()
    events[event].facts.withID { id in
      switch outcome {
      case .cancelled(let status, let isRepeated):
        Receipt.write(
          eventID: id, isDuplicate: isRepeated, status: status, reason: outcome.reason, to: &writer)
      case .remembered(let isRepeated):
        Receipt.write(
          eventID: id, isDuplicate: isRepeated, status: nil, reason: outcome.reason, to: &writer)
      case .tooLate(let status):
        Receipt.write(
          eventID: id, isAccepted: false, isDuplicate: false, status: status,
          reason: outcome.reason, to: &writer)
      case .unavailable: break
      }
    }
    addReceipt(to: message, eventID: events[event].facts.id)
  }

  /// Publishes the receipt of what is parked. `eventID`: empty when it could not be made out.
  func publishRefusal(_ message: Int32, eventID: [UInt8], _ rejection: Rejection) {
    writer.removeAll()
    eventID.withUnsafeBytes { id in
      Receipt.writeRefused(eventID: id.isEmpty ? nil : id, rejection, to: &writer)
    }
    addReceipt(to: message, eventID: eventID)
  }

  private func addReceipt(to message: Int32, eventID: [UInt8]) {
    let inbound = messages[message].message
    counters.receipts += 1
    if !receipts.isNeeded {
      output.openLinks.append(LinkOrder(link: .receipts, name: "publish receipts"))
    }
    let since = max(window.lastConfirmAt(.receipts), window.usableSince(.receipts))
    let isAnswering =
      window.isUsable(.receipts)
      && (window.unanswered(.receipts) == 0 || now.monotonic < since &+ EngineLimits.answering)
    let isTaken = receipts.add(
      Receipts.Entry(
        replyTo: replyQueue(of: inbound),
        messageID: receiptID(eventID, isOfCancel: messages[message].isCancel),
        correlationID: inbound.bytes(inbound.correlationID), body: writer.array()),
      at: now.monotonic, isAnswering: isAnswering)
    if !isTaken { giveUpReceipts(1, "too many wait, or their queue cannot be reached") }
  }

  /// The queue that a message wants its receipt in.
  func replyQueue(of inbound: InboundMessage) -> [UInt8] {
    inbound.storage.withPart(inbound.replyTo.range) { ReplyAddress.queue(of: $0) }
  }

  /// `<id>.receipt`, of a cancel `<id>.cancel-receipt`: an event's own is not to be taken for a
  /// repeat of it. None when there is no id or no room for it.
  private func receiptID(_ eventID: [UInt8], isOfCancel: Bool) -> [UInt8] {
    let id = eventID + Array((isOfCancel ? ".cancel-receipt" : ".receipt").utf8)
    return eventID.isEmpty || id.count > Limits.shortStringBytes ? [] : id
  }

  private func giveUpReceipts(_ count: Int, _ reason: StaticString) {
    guard count > 0, !isBroken(.losesReceipts) else { return }
    counters.receiptsGivenUp += count
    lastReceiptLoss = reason
  }

  func pumpReceipts() {
    guard window.isUsable(.receipts) else { return }
    while window.unanswered(.receipts) < EngineLimits.unconfirmedDeliveries,
      let slot = receipts.takeNext(
        serial: window.nextSerial(), underWay: window.unanswered(.receipts))
    {
      publish(receipts[slot], slot)
    }
  }

  private func publish(_ receipt: Receipts.Entry, _ slot: Int32) {
    let token = PublishToken(.receipt, slot: slot, serial: receipt.serial)
    window.publish(token, on: .receipts, at: now.monotonic)
    var order = PublishOrder(
      link: .receipts, token: token, exchange: .direct, routingKey: output.add(receipt.replyTo),
      mandatory: false, messageID: output.add(receipt.messageID), timestamp: now.wall,
      body: receipt.body, bodyRange: 0..<receipt.body.count)
    order.correlationID = output.add(receipt.correlationID)
    order.contentType = output.add(EngineNames.json)
    order.type = output.add(EngineNames.receipt)
    output.publishes.append(order)
  }

  func receiptRefused(_ slot: Int32) {
    if !receipts.refuse(slot, at: now.monotonic) {
      giveUpReceipts(1, "the broker refused them (nack): their queue is full")
    }
  }

  func receiptsLost(_ slots: [Int32], _ loss: LinkLoss) {
    switch loss {
    case .connection: receipts.publishAgain(slots)
    case .refusesAll:
      giveUpReceipts(receipts.removeAll(), "the account may not publish to the default exchange")
    case .refusesMessage:
      giveUpReceipts(
        receipts.blame(slots, at: now.monotonic), "the broker closed the connection over one")
    }
  }

  func expireReceipts() {
    guard !receipts.isEmpty else { return }
    let expired = receipts.expire(at: now.monotonic)
    for token in expired.unanswered { answer(token, .givenUp) }
    giveUpReceipts(expired.count, "the broker did not take them in time")
  }
}
