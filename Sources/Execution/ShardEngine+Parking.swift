import JSON
import Messages

// Copies for the parked queue. A message waits for its copy for some seconds; then the copy is a
// record of the log, the message is acknowledged, and the copy is published from there.
extension ShardEngine {
  /// Parks an element that cannot become an event: unchanged, with the reason. The element is
  /// settled when the broker has confirmed it, or the log has it.
  func park(_ message: Int32, element: Range<Int>, _ rejection: Rejection) {
    counters.parked += 1
    work.spend(WorkCost.parkedCopy)
    let inbound = messages[message].message
    if let lane = inbound.inlet.lane { ledger.countParked(lane) }
    let rejection = placed(rejection, element, of: message)
    let ownID = eventID(of: element, in: inbound)
    let messageID = inbound.bytes(inbound.messageID)
    add(
      messages[message].isBatch
        ? copy(of: element, message, id: ownID, rejection)
        : copy(of: message, id: messageID.isEmpty ? ownID : messageID, rejection), of: message)
    if inbound.inlet != .deliveryLogs, messages[message].wantsReceipt,
      rejection.code != .badReplyTo
    {
      publishRefusal(message, eventID: ownID.isEmpty ? messageID : ownID, rejection)
    }
  }

  /// A message as it came.
  private func copy(of message: Int32, id: [UInt8], _ rejection: Rejection) -> ParkedCopy {
    let inbound = messages[message].message
    return ParkedCopy(
      origin: origin(inbound, rejection, headersLeftOut: 0, batchID: []),
      messageID: id, correlationID: inbound.bytes(inbound.correlationID),
      replyTo: inbound.bytes(inbound.replyTo), contentType: inbound.bytes(inbound.contentType),
      properties: ParkedCopy.Properties(inbound), originalHeaders: inbound.headers,
      body: inbound.storage, bodyRange: 0..<inbound.bodyCount)
  }

  /// One element of a message as it stands there, as a message of its own.
  private func copy(
    of element: Range<Int>, _ message: Int32, id: [UInt8], _ rejection: Rejection
  ) -> ParkedCopy {
    let inbound = messages[message].message
    // A message of many elements must not become as many copies of its headers; and the element is
    // not compressed, as one of them may say.
    let keepsHeaders =
      inbound.headers.count <= ParkedCopy.mostElementHeaderBytes && inbound.compression.isEmpty
    return ParkedCopy(
      origin: origin(
        inbound, rejection, headersLeftOut: keepsHeaders ? 0 : inbound.headers.count,
        batchID: inbound.bytes(inbound.messageID)),
      messageID: id, correlationID: inbound.bytes(inbound.correlationID),
      replyTo: inbound.bytes(inbound.replyTo), contentType: messages[message].elementContentType,
      properties: ParkedCopy.Properties(element: messages[message]),
      originalHeaders: keepsHeaders ? inbound.headers : .none, body: inbound.storage,
      bodyRange: messages[message].source(of: element))
  }

  private func origin(
    _ inbound: InboundMessage, _ rejection: Rejection, headersLeftOut: Int, batchID: [UInt8]
  ) -> ParkedCopy.Origin {
    ParkedCopy.Origin(
      reason: Array(rejection.code.rawValue.utf8),
      detail: detail(rejection, headersLeftOut: headersLeftOut),
      exchange: inbound.bytes(inbound.exchange), routingKey: inbound.bytes(inbound.routingKey),
      lane: Array(inbound.inlet.name.utf8), firstSeen: now.wall, batchID: batchID,
      version: names.version)
  }

  /// One sentence, cut where it is too long, and what is left out of the message's headers.
  private func detail(_ rejection: Rejection, headersLeftOut bytes: Int) -> [UInt8] {
    let sentence = String(
      decoding: rejection.sentence.utf8.prefix(ParkedCopy.mostDetailBytes), as: UTF8.self)
    guard bytes > 0 else { return Array(sentence.utf8) }
    return Array("\(sentence); the headers of its message (\(bytes) bytes) are left out".utf8)
  }

  /// Parks a status update that the broker closes the connection over, by way of the log.
  func parkUpdate(_ update: Outbox.Entry) {
    openParking()
    counters.parked += 1
    let copy = ParkedCopy(
      origin: ParkedCopy.Origin(
        reason: Array(ReasonCode.brokerRefused.rawValue.utf8),
        detail: Array("the broker closed the connection over this status update".utf8),
        exchange: names.statusExchange, routingKey: Array(update.blob[update.routingKey]),
        lane: Array("status".utf8), firstSeen: now.wall, batchID: [], version: names.version),
      messageID: Array(update.blob[update.messageID]),
      correlationID: Array(update.blob[update.eventID]), replyTo: [],
      contentType: EngineNames.json, originalHeaders: .none, body: update.blob,
      bodyRange: update.body)
    record(Parking.Entry(copy: copy, message: -1), blames: 0)
  }

  private func add(_ copy: ParkedCopy, of message: Int32) {
    openParking()
    parking.add(copy, message: message, at: now.monotonic)
  }

  private func openParking() {
    guard parking.use() else { return }
    output.openLinks.append(LinkOrder(link: .parking, name: "publish parked"))
  }

  /// What the log holds of parked copies goes to the broker.
  func startParking() {
    guard parking.log.count > 0 else { return }
    openParking()
    parking.log.start()
  }

  /// The id that a refused element carries, when it can be made out.
  private func eventID(of element: Range<Int>, in inbound: InboundMessage) -> [UInt8] {
    // What is far too large for an event is not parsed for its id.
    guard element.count <= 2 * settings.maxEventBytes else { return [] }
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

  func pumpParking() {
    guard parking.isNeeded, window.isUsable(.parking) else { return }
    while window.unanswered(.parking) < EngineLimits.unconfirmedBatch,
      let slot = parking.takeNext(
        serial: window.nextSerial(), underWay: window.unanswered(.parking), at: now.monotonic)
    {
      publish(parking[slot], slot)
    }
    guard !isDraining else { return }
    while let (number, stored) = parking.takeToRead(at: now.monotonic) {
      output.reads.append(
        ReadOrder(token: Self.token(of: number), target: .record(lsn: stored.readableLSN)))
    }
  }

  private func publish(_ entry: Parking.Entry, _ slot: Int32) {
    let token = PublishToken(.parking, slot: slot, serial: entry.serial)
    window.publish(token, on: .parking, at: now.monotonic)
    let copy = entry.copy
    var order = PublishOrder(
      link: .parking, token: token, exchange: .parked, routingKey: output.add(copy.origin.reason),
      mandatory: true, messageID: output.add(copy.messageID), timestamp: now.wall,
      body: copy.body, bodyRange: copy.bodyRange)
    order.correlationID = output.add(copy.correlationID)
    if !copy.replyTo.isEmpty { order.replyTo = output.add(copy.replyTo) }
    order.contentType = output.add(copy.contentType)
    add(copy.properties, to: &order)
    order.headers = headers(of: copy)
    order.originalHeaders = copy.originalHeaders
    output.publishes.append(order)
  }

  private func add(_ properties: ParkedCopy.Properties, to order: inout PublishOrder) {
    if !properties.contentEncoding.isEmpty {
      order.contentEncoding = output.add(properties.contentEncoding)
    }
    if !properties.type.isEmpty { order.type = output.add(properties.type) }
    if !properties.appID.isEmpty { order.appID = output.add(properties.appID) }
    order.priority = properties.priority
    order.originalTimestampSeconds = properties.timestampSeconds
  }

  private func headers(of copy: ParkedCopy) -> Range<Int> {
    let origin = copy.origin
    let start = output.headers.count
    func add(_ name: StaticString, _ value: [UInt8]) {
      output.headers.append(HeaderOrder(name: name, value: output.add(value)))
    }
    add("x-meddela-reason", origin.reason)
    add("x-meddela-detail", origin.detail)
    add("x-meddela-exchange", origin.exchange)
    add("x-meddela-routing-key", origin.routingKey)
    add("x-meddela-lane", origin.lane)
    writer.removeAll()
    origin.firstSeen.write(to: &writer)
    add("x-meddela-first-seen", writer.array())
    add("x-meddela-version", origin.version)
    if !origin.batchID.isEmpty { add("x-meddela-batch-id", origin.batchID) }
    let properties = copy.properties
    if !properties.userID.isEmpty { add("x-meddela-original-user-id", properties.userID) }
    if !properties.expiration.isEmpty {
      add("x-meddela-original-expiration", properties.expiration)
    }
    return start..<output.headers.count
  }

  func parkingConfirmed(_ token: PublishToken) {
    if parking.wasReturned(token.slot) { return parkingRefused(token) }
    guard answer(token, .confirmed) != nil else { return }
    let entry = parking.confirm(token.slot)
    if let stored = entry.stored { return appendUnparked(stored) }
    if entry.message >= 0 { elementSettled(entry.message) }
  }

  func parkingRefused(_ token: PublishToken) {
    guard answer(token, .refused) != nil else { return }
    parking.refuse(token.slot, at: now.monotonic)
  }

  func parkingLost(_ slots: [Int32], _ loss: LinkLoss) {
    guard case .refusesMessage(let most) = loss else { return parking.publishAgain(slots) }
    let tooLarge = most.map { most in slots.filter { parking[$0].copy.bodyRange.count > most } }
    if let tooLarge, !tooLarge.isEmpty {
      parking.publishAgain(slots.filter { !tooLarge.contains($0) })
      for slot in tooLarge { blame(slot) }
    } else if let culprit = parking.blame(slots) {
      blame(culprit)
    }
  }

  /// The broker closed the connection over this copy: it waits in the log, and is tried seldom.
  private func blame(_ slot: Int32) {
    let entry = parking.remove(slot)
    if let stored = entry.stored { return parking.log.blame(stored, at: now.monotonic) }
    record(entry, blames: 1)
  }

  /// Copies that the broker has not taken in time become records of the log.
  func checkParking() {
    guard parking.isNeeded else { return }
    if isBroken(.waitsForParkedCopies) { return }
    let wait = parking.isStuck ? 0 : parkingPatience
    while let slot = parking.popOverdue(at: now.monotonic, after: wait) {
      if parking[slot].isPublished { answer(parking.token(slot), .givenUp) }
      record(parking.remove(slot), blames: 0)
    }
  }

  /// A broker that works off many copies, one after the other, is given more time.
  private var parkingPatience: UInt64 {
    let isAnswering =
      window.isUsable(.parking)
      && now.monotonic < window.lastConfirmAt(.parking) &+ EngineLimits.answering
    return isAnswering ? EngineLimits.parkingFlood : EngineLimits.parkingDeadline
  }

  /// Writes a copy down; its message is settled when that is durable. What no record can hold
  /// goes back to the broker, which dead-letters it.
  private func record(_ entry: Parking.Entry, blames: Int) {
    guard ParkedRecord.byteCount(entry.copy) <= settings.maxPayloadBytes || entry.message < 0
    else {
      counters.parkedByBroker += 1
      messages[entry.message].isRejected = true
      return elementSettled(entry.message)
    }
    let stored = appendParked(entry.copy, number: nextLSN, previousLSN: 0, blames: blames)
    parking.log.record(stored, message: entry.message)
  }

  private func appendParked(
    _ copy: ParkedCopy, number: UInt64, previousLSN: UInt64, blames: Int
  ) -> StoredCopies.Copy {
    let id = ParkedRecord.id(number: number)
    let key = id.withUnsafeBytes { lookup.key(of: $0) }
    let start = output.bytes.count
    ParkedRecord.write(copy, number: number, to: &output.bytes)
    let payload = ByteRange(offset: start, count: output.bytes.count - start)
    appendOfCopy(.parked, key: key, id: id, previousLSN: previousLSN, payload: payload)
    return StoredCopies.Copy(
      lsn: nextLSN - 1, readableLSN: nextLSN - 1, key: key, number: number,
      bytes: payload.count, blames: blames)
  }

  /// The broker has a copy that the log holds.
  private func appendUnparked(_ stored: StoredCopies.Copy) {
    guard let lsn = parking.log.place(of: stored.key) else { return }
    parking.log.forget(stored.key, lsn: nextLSN)
    appendOfCopy(
      .unparked, key: stored.key, id: ParkedRecord.id(number: stored.number), previousLSN: lsn,
      payload: .none)
  }

  private func appendOfCopy(
    _ kind: RecordKind, key: EventKey, id: [UInt8], previousLSN: UInt64, payload: ByteRange
  ) {
    let lsn = nextLSN
    nextLSN += 1
    output.appends.append(
      AppendOrder(
        lsn: lsn, kind: kind, key: key, status: 0, previousStatus: 0,
        isFinal: kind == .unparked, isDriven: kind == .parked, isPublished: false, attempt: 0,
        time: now.wall, previousLSN: previousLSN, id: output.add(id), payload: payload))
  }

  /// Messages whose copies are durable in the log by now are settled.
  func parkingIsDurable() {
    while let message = parking.log.popDurable(durableLSN, at: now.monotonic) {
      if message >= 0 { elementSettled(message) }
    }
  }

  /// Marks the token of a read of a stored copy: an event's has a slot there, below 2^31.
  private static var parkedToken: UInt64 { 1 << 31 }

  private static func token(of number: UInt32) -> UInt64 { UInt64(number) << 32 | parkedToken }

  /// A stored copy has been read. False when the token is none of such a read.
  func parkedCopyRead(
    token: UInt64, payload: UnsafeRawBufferPointer?
  ) throws(EngineError) -> Bool {
    guard token & Self.parkedToken != 0 else { return false }
    let number = UInt32(truncatingIfNeeded: token >> 32)
    guard let (stored, isCarried) = parking.log.didRead(number) else { return true }
    if payload == nil, parking.log.hasMoved(stored, isCarried: isCarried) { return true }
    guard let payload, let record = ParkedRecord(payload) else {
      throw EngineError.unreadableRecord(lsn: stored.lsn)
    }
    if !isCarried {
      var copy = record.copy
      if isBroken(.altersStoredCopies) { copy.origin.reason = [] }
      parking.add(copy, stored)
    } else if parking.log.place(of: stored.key) == stored.lsn {
      let again = appendParked(
        record.copy, number: stored.number, previousLSN: stored.lsn, blames: 0)
      parking.log.carried(again)
    }
    return true
  }

  /// Retention wants a copy's record written again. False when the key is no copy's.
  func carryParked(_ key: EventKey, lsn: UInt64) -> Bool {
    guard parking.log.isOfCopy(key) else { return false }
    if let number = parking.log.carry(key, lsn: lsn) {
      output.reads.append(ReadOrder(token: Self.token(of: number), target: .record(lsn: lsn)))
    }
    return true
  }

  /// Copies for the parked queue that the broker has not taken in time: they wait in the log.
  package var parkedCopiesWaiting: Int { parking.log.count }
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
