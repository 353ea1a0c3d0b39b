import JSON
import LogSequence
import Messages

// Messages are cut into elements, and each element goes to its event.
extension ShardEngine {
  /// Takes the next element of an inlet's messages. False when there is none.
  func takeElement(from inlet: Inlet) -> Bool {
    let index = Int(inlet.rawValue)
    if inlets[index].open.isNone {
      guard let message = inlets[index].takeFirst() else { return false }
      held.left(message.storage.count, from: inlet)
      open(message)
      return true
    }
    let message = inlets[index].open
    if let translator = messages[message].translator {
      translate(message, with: translator)
      return true
    }
    guard let element = messages[message].takeElement() else {
      inlets[index].open = .none
      elementSettled(message)
      return true
    }
    messages[message].unsettled += 1
    work.spend(WorkCost.element)
    process(message, element: element)
    return true
  }

  /// Begins a message: a body of one event or log is taken at once, one of several is cut into
  /// its elements, which the turns take one by one.
  @discardableResult
  func open(_ inbound: InboundMessage) -> SlotTable<OpenMessage>.Reference? {
    if inbound.inlet == .realtime { work.realtimeCame(at: now.monotonic) }
    let message = messages.insert(OpenMessage(message: inbound))
    let reference = messages.reference(message)
    messages[message].unsettled = 1
    messages[message].isCancel =
      inbound.inlet != .deliveryLogs && isOfType(CancelFields.type, inbound)
    hold(inbound.storage.count, forMessage: message)
    work.spend(WorkCost.element + inbound.bodyCount * WorkCost.byte)
    beginBody(message, inbound)
    return messages.contains(reference) ? reference : nil
  }

  /// Begins a message whose content and format are known. Of a cancel the format does not count,
  /// but that it may be one of lines.
  func begin(_ message: MessageSlot, _ inbound: InboundMessage, _ format: BodyFormat) {
    if messages[message].isCancel, format != .ndjson {
      return inbound.storage.withPart(messages[message].content) { openJSON(message, $0) }
    }
    let isLog = inbound.inlet == .deliveryLogs
    let isBinaryCloudEvent = !isLog && !inbound.cloudEvent.isEmpty
    let content = messages[message].content
    let looksLikeJSON =
      format == .perhapsJSON
      && inbound.storage.withPart(content) { BodyFormat.looksLikeJSON($0) }
    switch format {
    case .cloudEvent where !isLog, .cloudEventBatch where !isLog, .xml where !isLog:
      openTranslated(message, format)
    case _ where isBinaryCloudEvent:
      openTranslated(message, format)
    case .json, .massTransit,
      .perhapsJSON where looksLikeJSON:
      inbound.storage.withPart(content) { openJSON(message, $0) }
    case .ndjson:
      messages[message].notation = .lines
      split(
        message,
        inbound.storage.withPart(content) {
          JSONSplitter(lines: $0).prefix(EngineLimits.elements + 1)
        })
    case .cloudEvent, .cloudEventBatch, .xml, .perhapsJSON, .unknown:
      park(
        message, element: content,
        Rejection(
          code: .unsupportedContentType, path: "content_type", offset: nil,
          detail: "expected \(expectedContentTypes(inbound.inlet))"))
    }
  }

  private func expectedContentTypes(_ inlet: Inlet) -> String {
    let json = "application/json or application/x-ndjson"
    let types = inlet == .deliveryLogs ? json : "\(json), CloudEvents or application/xml"
    return "\(types); text/plain and application/octet-stream only where the body is JSON"
  }

  private func openJSON(_ message: MessageSlot, _ body: UnsafeRawBufferPointer) {
    let content = messages[message].content
    let isOfEvents =
      messages[message].message.inlet != .deliveryLogs && !messages[message].isCancel
    do throws(JSONError) {
      let root = try parser.parse(padded: body)
      if root.kind == .array || !messages[message].isCancel,
        let elements = JSONSplitter(batch: root)
      {
        if isOfEvents, let refusal = refusal(ofBatch: root) {
          park(message, element: content, refusal)
        } else if isOfEvents, beginsWithCloudEvent(root) {
          openTranslated(message, .cloudEventBatch)
        } else {
          if root.kind == .object { messages[message].notation = .events }
          split(message, elements.prefix(EngineLimits.elements + 1))
        }
      } else if let tooLarge = oversize(content, of: message) {
        park(message, element: content, tooLarge)
      } else {
        process(message, root: root, element: content, knownAbsent: false)
      }
    } catch {
      openPieces(message, body, error)
    }
  }

  /// Whether this is an array of CloudEvents, by its first element.
  private func beginsWithCloudEvent(_ root: JSONValue) -> Bool {
    var elements = root.elements
    return elements.next().map { CloudEvent.isStructured($0) } ?? false
  }

  /// A body that does not parse as a whole: only the elements at fault shall park.
  private func openPieces(
    _ message: MessageSlot, _ body: UnsafeRawBufferPointer, _ error: JSONError
  ) {
    let content = messages[message].content
    do throws(Rejection) {
      guard error.code != .tooLarge, error.code != .noMemory,
        let pieces = try EventBatch.pieces(of: body, using: parser),
        !pieces.isObject || !messages[message].isCancel
      else { return park(message, element: content, Rejection(error)) }
      if pieces.isObject { messages[message].notation = .events }
      split(message, pieces.elements)
    } catch {
      park(message, element: content, error)
    }
  }

  private func refusal(ofBatch root: JSONValue) -> Rejection? {
    do throws(Rejection) {
      _ = try EventBatch.check(root)
      return nil
    } catch {
      return error
    }
  }

  /// - Parameter found: the elements' places in the content.
  private func split(_ message: MessageSlot, _ found: some Sequence<Range<Int>>) {
    let content = messages[message].content
    let elements = found.map { place in
      place.lowerBound + content.lowerBound..<place.upperBound + content.lowerBound
    }
    guard elements.count <= EngineLimits.elements else {
      return park(
        message, element: content,
        Rejection(
          code: .tooLarge, path: "$", offset: 0,
          detail: "the message has more than \(EngineLimits.elements) elements"))
    }
    guard !elements.isEmpty else {
      return park(
        message, element: content,
        Rejection(
          code: .emptyBatch, path: "$", offset: 0, detail: "expected at least one element"))
    }
    messages[message].isBatch = true
    messages[message].elements = elements
    hold(elements.count * MemoryLayout<Range<Int>>.stride, forMessage: message)
    inlets[Int(messages[message].message.inlet.rawValue)].open = message
  }

  /// Takes an element by parsing it from its place in the message.
  func process(_ message: MessageSlot, element: Range<Int>, knownAbsent: Bool = false) {
    if let refusal = messages[message].refusal(of: element) {
      return park(message, element: element, refusal)
    }
    if let tooLarge = oversize(element, of: message) {
      return park(message, element: element, tooLarge)
    }
    let storage = messages[message].message.storage
    work.spend(element.count * WorkCost.byte)
    storage.withPart(element) { bytes in
      do throws(JSONError) {
        let root = try parser.parse(padded: bytes)
        process(message, root: root, element: element, knownAbsent: knownAbsent)
      } catch {
        park(message, element: element, rejection(error, element, of: message))
      }
    }
  }

  private func process(
    _ message: MessageSlot, root: JSONValue, element: Range<Int>, knownAbsent: Bool
  ) {
    do throws(Rejection) {
      if messages[message].message.inlet == .deliveryLogs {
        try takeLog(message, root: root, element: element, knownAbsent: knownAbsent)
      } else if messages[message].isCancel {
        try takeCancel(message, root: root, element: element, knownAbsent: knownAbsent)
      } else {
        try takeEvent(message, root: root, element: element, knownAbsent: knownAbsent)
      }
    } catch {
      refuse(message, root: root, element: element, error)
    }
  }

  /// A document that is no event may be one in CloudEvents' notation that does not say so. Looked
  /// at only now, so that events of ours pay nothing for it.
  private func refuse(
    _ message: MessageSlot, root: JSONValue, element: Range<Int>, _ rejection: Rejection
  ) {
    guard messages[message].message.inlet != .deliveryLogs, !messages[message].isCancel,
      messages[message].origins.isEmpty, CloudEvent.isStructured(root)
    else { return park(message, element: element, rejection) }
    guard messages[message].isBatch else { return openTranslated(message, .cloudEvent) }
    var rejection = rejection
    rejection.detail += "; \(CloudEvent.hint)"
    park(message, element: element, rejection)
  }

  private func takeEvent(
    _ message: MessageSlot, root: JSONValue, element: Range<Int>, knownAbsent: Bool
  ) throws(Rejection) {
    let fields = try decodeEvent(message, root: root)
    let key = lookup.key(of: fields.id.bytes)
    if let event = events.slot(of: key) {
      give(.event(message: message, element: element), to: event)
    } else if !knownAbsent, lookup.mayContain(key), !isBroken(.losesDuplicatesAtRestart) {
      let event = insertEvent(
        ActiveEvent(key: key, loadingFor: .event(message: message, element: element)))
      read(.newest(id: Array(fields.id.bytes)), for: event)
    } else {
      accept(fields, key: key, message: message, element: element)
    }
  }

  private func decodeEvent(
    _ message: MessageSlot, root: JSONValue
  ) throws(Rejection) -> EventFields {
    let inbound = messages[message].message
    try checkReplyTo(inbound)
    guard !messages[message].isBatch, !inbound.messageID.isEmpty else {
      return try EventFields.decode(root, messageID: nil)
    }
    let mayDiffer = settings.shardCount == 1
    return try inbound.storage.withPart(inbound.messageID.range) {
      (id) throws(Rejection) -> EventFields in
      let fields = try EventFields.decode(root, messageID: mayDiffer ? nil : id)
      // Libraries set ids of their own.
      if mayDiffer, fields.id != JSONString(bytes: id) { counters.otherMessageIDs += 1 }
      return fields
    }
  }

  func checkReplyTo(_ inbound: InboundMessage) throws(Rejection) {
    guard !inbound.replyTo.isEmpty, wantsReceiptFromUs(inbound) else { return }
    throw Rejection(
      code: .badReplyTo, path: "reply_to", offset: nil,
      detail: "expected a reply_to outside the queues of \(settings.prefix)")
  }

  /// Whether a message's `reply_to` is a queue of ours.
  private func wantsReceiptFromUs(_ inbound: InboundMessage) -> Bool {
    inbound.storage.withPart(inbound.replyTo.range) { replyTo in
      guard replyTo.first == UInt8(ascii: "/") else {
        return replyTo.starts(with: names.prefixWithDot)
      }
      return ReplyAddress.queue(of: replyTo).starts(with: names.prefixWithDot)
    }
  }

  private func oversize(_ element: Range<Int>, of message: MessageSlot) -> Rejection? {
    let count = max(element.count, messages[message].source(of: element).count)
    guard messages[message].message.inlet != .deliveryLogs, count > settings.maxEventBytes
    else { return nil }
    return Rejection(
      code: .tooLarge, path: "$", offset: 0,
      detail: "the event has \(count) bytes; at most \(settings.maxEventBytes)")
  }

  /// One element of a message, or the taking of its elements, is done. The last one settles it.
  func elementSettled(_ message: MessageSlot) {
    messages[message].unsettled -= 1
    assert(messages[message].unsettled >= 0, "each element is settled once")
    guard messages[message].unsettled == 0 else { return }
    let inbound = messages[message].message
    output.settlements.append(
      Settlement(
        inlet: inbound.inlet, channelEpoch: epoch(for: inbound),
        deliveryTag: inbound.deliveryTag, isRejected: messages[message].isRejected))
    counters.settled += 1
    held.release(messages[message].heldBytes)
    messages.remove(message)
  }
}

// A message that the broker has delivered several times may be one that kills the process. Each
// such message is processed alone: the owner stops consuming, what else is at hand is finished
// and acknowledged, and if the process dies then, only this message's delivery count grows. The
// broker parks it at its delivery limit (`delivery-limit`).
//
// Nothing of this lasts: what else is at hand gets a second to be finished, a suspect gets a
// second, and after two seconds other messages flow again for as long, whatever still waits. A
// suspect that has been taken without the process dying is a message like any other.
extension ShardEngine {
  /// Whether the owner is to stop consuming until this is false again.
  package var isIsolating: Bool { suspects.isIsolating }

  /// Takes what else is at hand, then one suspect; true when something is left to take now.
  func takeSuspect() -> Bool {
    if let alone = suspects.alone {
      if isStillAlone(alone) { return takeElements(of: alone) }
      suspects.endAlone()
    }
    guard !suspects.waiting.isEmpty, !suspects.hasIsolatedLong else {
      suspects.endIsolation()
      return true
    }
    var isLeft = false
    for inlet in Inlet.allCases {
      isLeft = takeMessages(from: inlet, atMost: EngineLimits.turnSlice) || isLeft
    }
    // Acknowledgements that are only ordered would be lost with the process.
    guard suspects.hasClearedAway || (!isLeft && messages.isEmpty && output.settlements.isEmpty)
    else { return isLeft || !output.settlements.isEmpty }
    // A message of several elements at a time is being taken from each inlet.
    guard let inlet = suspects.nextInlet, inlets[Int(inlet.rawValue)].open.isNone else {
      return isLeft
    }
    let next = suspects.takeNext()
    held.left(next.storage.count, from: next.inlet)
    counters.isolated += 1
    work.share = WorkBudget.Share(next.inlet)
    if let message = open(next) { suspects.begin(message, next.inlet) }
    return true
  }

  /// Until the message is settled, or all of it is durable and a moment more has passed, or its
  /// time is up. It waits for no answer of the broker's beyond that moment.
  private func isStillAlone(_ alone: Suspects.Alone) -> Bool {
    if isBroken(.isolatesForEver), messages.contains(alone.message) { return true }
    guard messages.contains(alone.message), alone.age < EngineLimits.suspectAlone else {
      return false
    }
    let isDurable = alone.lsn > 0 && durableLSN >= alone.lsn
    return !isDurable || alone.age < EngineLimits.suspectAnswer
  }

  /// Its own elements, if it has several.
  private func takeElements(of alone: Suspects.Alone) -> Bool {
    let share = WorkBudget.Share(alone.inlet)
    work.share = share
    while inlets[Int(alone.inlet.rawValue)].open == alone.message.slot, hasRoom(for: alone.inlet) {
      guard !work.isSpent(share), takeElement(from: alone.inlet) else { return true }
    }
    if inlets[Int(alone.inlet.rawValue)].open != alone.message.slot {
      suspects.hasTakenAll(newest: nextLSN.previous)
    }
    return false
  }
}

extension ByteRange {
  var range: Range<Int> { offset..<offset + count }
}
