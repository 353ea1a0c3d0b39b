import JSON
import Messages

// Receipts and parked messages: publishes that an inbound message waits for.
extension ShardEngine {
  /// Publishes the receipt of an accepted (or repeated) event to the `reply_to` of its message.
  func publishReceipt(_ receipt: PendingReceipt, of event: Int32) {
    let state = events[event].state
    writer.removeAll()
    events[event].facts.withID { id in
      Receipt.writeAccepted(
        eventID: id, isDuplicate: receipt.isDuplicate, status: state.status, to: &writer)
    }
    let id = events[event].facts.id
    addReceiptJob(message: receipt.message, eventID: id)
  }

  private func publishRefusal(_ message: Int32, eventID: [UInt8], _ rejection: Rejection) {
    writer.removeAll()
    eventID.withUnsafeBytes { id in
      Receipt.writeRefused(eventID: id.isEmpty ? nil : id, rejection, to: &writer)
    }
    addReceiptJob(message: message, eventID: eventID)
  }

  private func addReceiptJob(message: Int32, eventID: [UInt8]) {
    let inbound = messages[message].message
    messages[message].unsettled += 1
    counters.receipts += 1
    let body = writer.array()
    enqueue(
      PublishJob(
        isParking: false, message: message, link: .realtime,
        routingKey: inbound.bytes(inbound.replyTo),
        messageID: eventID.isEmpty ? [] : eventID + Array(".receipt".utf8),
        correlationID: inbound.bytes(inbound.correlationID), contentType: EngineNames.json,
        body: body, bodyRange: 0..<body.count))
  }

  /// Parks an element that cannot become an event: unchanged, with the reason. The element is
  /// settled when the broker has confirmed it.
  func park(_ message: Int32, element: Range<Int>, _ rejection: Rejection) {
    counters.parked += 1
    let inbound = messages[message].message
    if let lane = inbound.inlet.lane { totals[lane].parked += 1 }
    let rejection = placed(rejection, element, of: message)
    let source = messages[message].source(of: element)
    let isWhole = source == 0..<inbound.bodyCount
    let ownID = eventID(of: element, in: inbound)
    let messageID = inbound.bytes(inbound.messageID)
    writer.removeAll()
    now.wall.write(to: &writer)
    var headers: [(name: StaticString, value: [UInt8])] = [
      ("x-meddela-reason", Array(rejection.code.rawValue.utf8)),
      ("x-meddela-detail", Array(rejection.sentence.utf8)),
      ("x-meddela-exchange", inbound.bytes(inbound.exchange)),
      ("x-meddela-routing-key", inbound.bytes(inbound.routingKey)),
      ("x-meddela-lane", Array(inbound.inlet.name.utf8)),
      ("x-meddela-first-seen", writer.array()),
      ("x-meddela-version", names.version),
    ]
    if messages[message].isBatch, !messageID.isEmpty {
      headers.append(("x-meddela-batch-id", messageID))
    }
    let isAlone = isWhole && !messages[message].isBatch
    enqueue(
      PublishJob(
        isParking: true, message: message, link: .status,
        routingKey: Array(rejection.code.rawValue.utf8),
        messageID: isAlone && !messageID.isEmpty ? messageID : ownID,
        correlationID: inbound.bytes(inbound.correlationID),
        replyTo: inbound.bytes(inbound.replyTo),
        contentType: isAlone
          ? inbound.bytes(inbound.contentType) : messages[message].elementContentType,
        headers: headers, originalHeaders: inbound.headers, body: inbound.storage,
        bodyRange: source))
    if inbound.inlet != .deliveryLogs, messages[message].wantsReceipt,
      rejection.code != .badReplyTo
    {
      publishRefusal(message, eventID: ownID.isEmpty ? messageID : ownID, rejection)
    }
  }

  /// The id that a refused element carries, when it can be made out.
  private func eventID(of element: Range<Int>, in inbound: InboundMessage) -> [UInt8] {
    guard element.count <= Limits.messageBytes else { return [] }
    // The body of a CloudEvent in binary mode is its data: the id is a header.
    if !inbound.cloudEvent.isEmpty {
      return id(in: try? otherParser.parse(inbound.bytes(inbound.cloudEvent)))
    }
    return inbound.storage.withPart(element) { id(in: try? otherParser.parse(padded: $0)) }
  }

  private func id(in root: JSONValue?) -> [UInt8] {
    guard let id = root?["id"]?.asString, id.bytes.count <= Limits.idBytes else { return [] }
    return Array(id.bytes)
  }

  private func enqueue(_ job: PublishJob) {
    let slot = jobs.insert(job)
    links[job.link.rawValue].jobs.append(jobs.reference(slot))
  }

  func publishJob(_ slot: Int32) {
    let serial = nextSerial()
    let token = PublishToken(.job, slot: slot, serial: serial)
    jobs[slot].serial = serial
    jobs[slot].isPublished = true
    jobs[slot].wasReturned = false
    let job = jobs[slot]
    links[job.link.rawValue].inFlight.add(token, at: now.monotonic)
    let firstHeader = output.headers.count
    for header in job.headers {
      output.headers.append(HeaderOrder(name: header.name, value: output.add(header.value)))
    }
    var order = PublishOrder(
      link: job.link, token: token, exchange: job.isParking ? .parked : .direct,
      routingKey: output.add(job.routingKey), mandatory: job.isParking,
      messageID: output.add(job.messageID), timestamp: now.wall, body: job.body,
      bodyRange: job.bodyRange)
    order.correlationID = output.add(job.correlationID)
    if !job.replyTo.isEmpty { order.replyTo = output.add(job.replyTo) }
    order.contentType = output.add(job.contentType)
    if !job.isParking { order.type = output.add(EngineNames.receipt) }
    order.headers = firstHeader..<output.headers.count
    order.originalHeaders = job.originalHeaders
    output.publishes.append(order)
  }

  func jobConfirmed(_ slot: Int32) {
    links[jobs[slot].link.rawValue].inFlight.answered()
    links[jobs[slot].link.rawValue].lastConfirmAt = now.monotonic
    if jobs[slot].wasReturned { return delayJob(slot) }
    let message = jobs[slot].message
    jobs.remove(slot)
    elementSettled(message)
  }

  /// Nobody took a job's message: it is published again later. The inbound message waits.
  func delayJob(_ slot: Int32) {
    jobs[slot].isPublished = false
    jobs[slot].failures += 1
    let doublings = UInt64(min(jobs[slot].failures - 1, 5))
    let wait = min(EngineLimits.jobRetryMin << doublings, EngineLimits.jobRetryMax)
    delayedJobs.append((now.monotonic &+ wait, jobs.reference(slot)))
  }

  func releaseDelayedJobs() {
    guard !delayedJobs.isEmpty else { return }
    var later: [(at: UInt64, job: SlotTable<PublishJob>.Reference)] = []
    for delayed in delayedJobs {
      guard jobs.contains(delayed.job) else { continue }
      if delayed.at <= now.monotonic {
        links[jobs[delayed.job.slot].link.rawValue].jobs.append(delayed.job)
      } else {
        later.append(delayed)
      }
    }
    delayedJobs = later
  }
}

extension Inlet {
  package var name: String {
    switch self {
    case .realtime: "realtime"
    case .batch: "batch"
    case .deliveryLogs: "delivery-logs"
    }
  }
}
