import JSON
import LogSequence
import Messages

// What stands in a message's body: producers' libraries compress it, encode it as AMQP 1.0 does,
// begin it with a byte order mark, put an envelope around it. All of that is taken off here; the
// parked copy of a message is what came.
extension ShardEngine {
  /// Begins a message whose body may be wrapped.
  func beginBody(_ message: MessageSlot, _ inbound: InboundMessage) {
    do throws(Rejection) {
      if isOfAMQP10(inbound) {
        let content = try inbound.storage.withPart(0..<inbound.bodyCount) {
          (body) throws(Rejection) in try AMQPSections.content(of: body)
        }
        messages[message].content = content
      }
      if !inbound.contentEncoding.isEmpty || !inbound.compression.isEmpty {
        let encoding = try encoding(of: inbound)
        if encoding.layers > 0 {
          let unpacker = Unpacker(encoding, maxBytes: MessageLimits.messageBytes)
          return begin(message, .packed(unpacker))
        }
      }
    } catch {
      return park(message, element: 0..<inbound.bodyCount, error)
    }
    beginContent(message, inbound)
  }

  private func isOfAMQP10(_ inbound: InboundMessage) -> Bool {
    isOfType(AMQPSections.type, inbound)
  }

  func isOfType(_ type: StaticString, _ inbound: InboundMessage) -> Bool {
    guard inbound.type.count == type.utf8CodeUnitCount else { return false }
    return inbound.storage.withPart(inbound.type.range) { $0.elementsEqual("\(type)".utf8) }
  }

  private func encoding(of inbound: InboundMessage) throws(Rejection) -> ContentEncoding {
    try inbound.storage.withUnsafeBufferPointer { (bytes) throws(Rejection) in
      let all = UnsafeRawBufferPointer(bytes)
      return try ContentEncoding(
        contentEncoding: UnsafeRawBufferPointer(rebasing: all[inbound.contentEncoding.range]),
        compression: UnsafeRawBufferPointer(rebasing: all[inbound.compression.range]))
    }
  }

  /// Unpacks some more of a body. Behind its end the content is what was in it.
  func unpack(_ message: MessageSlot, with unpacker: Unpacker) throws(Rejection) {
    let bytes = EngineLimits.unpackedBytes
    work.spend(bytes * WorkCost.unpackedByte)
    let isEnd = try messages[message].message.storage.withPart(messages[message].content) {
      (body) throws(Rejection) in try unpacker.advance(body, bytes: bytes)
    }
    guard isEnd else { return }
    endTranslation(message)
    let content = unpacker.finish()
    hold(messages[message].adopt(unpacked: content), forMessage: message)
    work.spend(content.count * WorkCost.byte)
    beginContent(message, messages[message].message)
  }

  /// Begins a message whose content is no longer wrapped, but for a mark or an envelope.
  private func beginContent(_ message: MessageSlot, _ inbound: InboundMessage) {
    let format = inbound.storage.withPart(inbound.contentType.range) {
      BodyFormat(contentType: $0)
    }
    let content = messages[message].content
    do throws(Rejection) {
      if format != .unknown || messages[message].isCancel {
        let mark = try inbound.storage.withPart(content) { (body) throws(Rejection) in
          try TextStart.markBytes(body)
        }
        if mark > 0 { messages[message].content = content.dropFirst(mark) }
      }
      if format == .massTransit {
        let place = messages[message].content
        let inner = try inbound.storage.withPart(place) { (body) throws(Rejection) in
          // An event as deep as may be has the envelope around it.
          try MassTransit.message(in: body, using: otherParser)
        }
        messages[message].isEnveloped = inner.count < place.count
        messages[message].content =
          place.lowerBound + inner.lowerBound..<place.lowerBound + inner.upperBound
      }
    } catch {
      return park(message, element: messages[message].content, error)
    }
    begin(message, inbound, format)
  }
}

// Bodies in other notations than ours, and where the elements of a body stand in it.
extension ShardEngine {
  /// Begins a message of CloudEvents or Adobe's XML: its events are written in our notation
  /// behind the message's bytes, once, and taken from there. A body for several is translated by
  /// the turns, bit by bit, and no event of it is taken before all of it has been read.
  func openTranslated(_ message: MessageSlot, _ format: BodyFormat) {
    let inbound = messages[message].message
    let content = messages[message].content
    do throws(Rejection) {
      try inbound.storage.withPart(content) { (body) throws(Rejection) in
        switch format {
        case .xml:
          messages[message].notation = .xml
          begin(
            message,
            .adobe(
              AdobeTranslator(bodyBytes: body.count, maxEventBytes: settings.maxEventBytes)))
        case .cloudEventBatch:
          messages[message].notation = .cloudEvents
          begin(message, .cloudEvents(try CloudEventBatchTranslator(body, using: parser)))
        case .cloudEvent:
          messages[message].notation = .cloudEvents
          adopt(try CloudEvent.translate(structured: body, using: parser), message)
        case .json, .ndjson, .massTransit, .perhapsJSON, .unknown:
          messages[message].notation = .binaryCloudEvent
          adopt(
            try CloudEvent.translate(
              binary: inbound.bytes(inbound.cloudEvent),
              isJSON: format == .json
                || format == .perhapsJSON && BodyFormat.looksLikeJSON(body), body: body,
              using: (parser, otherParser)),
            message)
        }
      }
    } catch {
      park(message, element: content, error)
    }
  }

  /// Leaves a body to the turns.
  func begin(_ message: MessageSlot, _ translator: OpenMessage.Translator) {
    messages[message].translator = translator
    inlets[Int(messages[message].message.inlet.rawValue)].open = message
  }

  /// Reads some more of a body; at its end its events are taken, or all of it parks.
  func translate(_ message: MessageSlot, with translator: OpenMessage.Translator) {
    let content = messages[message].content
    do throws(Rejection) {
      if case .packed(let unpacker) = translator {
        return try unpack(message, with: unpacker)
      }
      let bytes = EngineLimits.translatedBytes
      work.spend(bytes * WorkCost.translatedByte)
      let inbound = messages[message].message
      try inbound.storage.withPart(content) { (body) throws(Rejection) in
        switch translator {
        case .adobe(let work):
          guard try work.advance(body, bytes: bytes) else { return }
          endTranslation(message)
          adopt(try work.finish(messageID: inbound.bytes(inbound.messageID)), message)
        case .cloudEvents(let work):
          guard work.advance(body, bytes: bytes, using: parser) else { return }
          endTranslation(message)
          adopt(work.finish(), message)
        case .packed: break
        }
      }
    } catch {
      endTranslation(message)
      park(message, element: content, error)
    }
  }

  func endTranslation(_ message: MessageSlot) {
    messages[message].translator = nil
    inlets[Int(messages[message].message.inlet.rawValue)].open = .none
  }

  private func adopt(_ translation: consuming Translation, _ message: MessageSlot) {
    let isBatch = translation.isBatch
    hold(messages[message].adopt(translation), forMessage: message)
    if isBatch {
      inlets[Int(messages[message].message.inlet.rawValue)].open = message
    } else if let element = messages[message].takeElement() {
      process(message, element: element)
    }
  }
}

// Copies for the parked queue. A message waits for its copy for some seconds; then the copy is a
// record of the log, the message is acknowledged, and the copy is published from there.
extension ShardEngine {
  /// Parks an element that cannot become an event: unchanged, with the reason. The element is
  /// settled when the broker has confirmed it, or the log has it.
  func park(_ message: MessageSlot, element: Range<Int>, _ rejection: Rejection) {
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
  func rejection(_ error: JSONError, _ element: Range<Int>, of message: MessageSlot) -> Rejection {
    spendingOnLines(of: message) { $0.rejection(error, element) }
  }

  /// Lines are counted as far as somebody asks for one.
  private func spendingOnLines(
    of message: MessageSlot, _ body: (inout OpenMessage) -> Rejection
  ) -> Rejection {
    let before = messages[message].lines.bytesCounted
    defer { work.spend((messages[message].lines.bytesCounted - before) * WorkCost.byte) }
    return body(&messages[message])
  }

  private var parkedContext: ParkedCopy.Context {
    ParkedCopy.Context(now: now.wall, version: names.version)
  }

  /// Parks a status update that the broker closes the connection over, by way of the log. Returns
  /// its record's LSN.
  func parkUpdate(_ update: Outbox.Entry) -> LSN {
    parking.use(&output)
    counters.parked += 1
    let copy = ParkedCopy(update, exchange: names.statusExchange, parkedContext)
    record(Parking.Entry(copy: copy, message: .none), blames: 0)
    return nextLSN.previous
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
    guard let id = root?["id"]?.asString, id.bytes.count <= MessageLimits.idBytes else { return [] }
    return Array(id.bytes)
  }

  func parkingConfirmed(_ token: PublishToken) {
    guard let entry = parking.confirmed(token, &window, at: now.monotonic) else { return }
    if let stored = entry.stored { return appendUnparked(stored) }
    if !entry.message.isNone { elementSettled(entry.message) }
  }

  func parkingLost(_ slots: [Parking.Slot], _ loss: LinkLoss) {
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
    guard ParkedRecord.byteCount(entry.copy) <= settings.maxPayloadBytes || entry.message.isNone
    else {
      counters.parkedByBroker += 1
      messages[entry.message].isRejected = true
      return elementSettled(entry.message)
    }
    let stored = appendParked(entry.copy, number: nextLSN.rawValue, previousLSN: 0, blames: blames)
    parking.log.record(stored, message: entry.message)
  }

  private func appendParked(
    _ copy: ParkedCopy, number: UInt64, previousLSN: LSN, blames: Int
  ) -> StoredCopies.Copy {
    let id = ParkedRecord.id(number: number)
    let key = id.withUnsafeBytes { lookup.key(of: $0) }
    let start = output.bytes.count
    ParkedRecord.write(copy, number: number, to: &output.bytes)
    let payload = output.bytes(from: start)
    appendOfCopy(.parked, key: key, id: id, previousLSN: previousLSN, payload: payload)
    return StoredCopies.Copy(
      lsn: nextLSN.previous, readableLSN: nextLSN.previous, key: key, number: number,
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
    _ kind: RecordKind, key: EventKey, id: [UInt8], previousLSN: LSN, payload: ByteRange
  ) {
    let lsn = logEnd.advance()
    output.appends.append(
      AppendOrder(
        kind, lsn: lsn, key: key, id: output.add(id), isOpen: kind == .parked,
        previousLSN: previousLSN, payload: payload, at: now.wall))
  }

  /// Messages whose copies are durable in the log by now are settled.
  func parkingIsDurable() {
    while let message = parking.log.popDurable(durableLSN, at: now.monotonic) {
      if !message.isNone { elementSettled(message) }
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
  func carryParked(_ key: EventKey, lsn: LSN) -> Bool {
    guard parking.log.isOfCopy(key) else { return false }
    if let number = parking.log.carry(key, lsn: lsn) {
      output.reads.append(ReadOrder(token: Parking.readToken(number), target: .record(lsn: lsn)))
    }
    return true
  }

  /// Copies for the parked queue that the broker has not taken in time: they wait in the log.
  package var parkedCopiesWaiting: Int { parking.log.count }
}
