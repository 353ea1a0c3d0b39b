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
    let rejection = spendingOnLines(of: message) { $0.placed(rejection, element) }
    let ownID = eventID(of: element, in: inbound)
    let messageID = inbound.bytes(inbound.messageID)
    let copy =
      messages[message].isBatch
      ? ParkedCopy(element: element, of: messages[message], id: ownID, rejection, parkedContext)
      : ParkedCopy(inbound, id: messageID.isEmpty ? ownID : messageID, rejection, parkedContext)
    parking.use(&output)
    parking.add(copy, message: message, at: now.monotonic)
    if inbound.inlet != .deliveryLogs, messages[message].wantsReceipt,
      rejection.code != .badReplyTo
    {
      let eventID = ownID.isEmpty ? messageID : ownID
      addReceipt(.refused(rejection), eventID: eventID, to: message)
    }
  }

  /// What the parser says of an element, with its line in the message's body.
  func rejection(_ error: JSONError, _ element: Range<Int>, of message: Int32) -> Rejection {
    spendingOnLines(of: message) { $0.rejection(error, element) }
  }

  /// Lines are counted as far as somebody asks for one.
  private func spendingOnLines(
    of message: Int32, _ body: (inout OpenMessage) -> Rejection
  ) -> Rejection {
    let before = messages[message].lines.bytesCounted
    defer { work.spend((messages[message].lines.bytesCounted - before) * WorkCost.byte) }
    return body(&messages[message])
  }

  private var parkedContext: ParkedCopy.Context {
    ParkedCopy.Context(now: now.wall, version: names.version)
  }

  /// Parks a status update that the broker closes the connection over, by way of the log.
  func parkUpdate(_ update: Outbox.Entry) {
    parking.use(&output)
    counters.parked += 1
    let copy = ParkedCopy(update, exchange: names.statusExchange, parkedContext)
    record(Parking.Entry(copy: copy, message: -1), blames: 0)
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

  func parkingConfirmed(_ token: PublishToken) {
    guard let entry = parking.confirmed(token, &window, at: now.monotonic) else { return }
    if let stored = entry.stored { return appendUnparked(stored) }
    if entry.message >= 0 { elementSettled(entry.message) }
  }

  func parkingLost(_ slots: [Int32], _ loss: LinkLoss) {
    for entry in parking.lost(slots, loss, at: now.monotonic) { record(entry, blames: 1) }
  }

  /// Copies that the broker has not taken in time become records of the log.
  func checkParking() {
    if isBroken(.waitsForParkedCopies) { return }
    for entry in parking.takeOverdue(&window, at: now.monotonic) { record(entry, blames: 0) }
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
    let payload = output.bytes(from: start)
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
        kind, lsn: lsn, key: key, id: output.add(id), isOpen: kind == .parked,
        previousLSN: previousLSN, payload: payload, at: now.wall))
  }

  /// Messages whose copies are durable in the log by now are settled.
  func parkingIsDurable() {
    while let message = parking.log.popDurable(durableLSN, at: now.monotonic) {
      if message >= 0 { elementSettled(message) }
    }
  }

  /// A stored copy has been read. False when the token is none of such a read.
  func parkedCopyRead(
    token: UInt64, payload: UnsafeRawBufferPointer?
  ) throws(EngineError) -> Bool {
    guard let number = Parking.readNumber(token) else { return false }
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
      output.reads.append(ReadOrder(token: Parking.readToken(number), target: .record(lsn: lsn)))
    }
    return true
  }

  /// Copies for the parked queue that the broker has not taken in time: they wait in the log.
  package var parkedCopiesWaiting: Int { parking.log.count }
}
