import JSON
import Messages

extension ShardEngine {
  /// Takes the next element of an inlet's messages. False when there is none.
  func takeElement(from inlet: Inlet) -> Bool {
    let index = Int(inlet.rawValue)
    if inlets[index].open < 0 {
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
      inlets[index].open = -1
      elementSettled(message)
      return true
    }
    messages[message].unsettled += 1
    work.spend(WorkCost.element)
    take(message, element: element)
    return true
  }

  /// Begins a message: a body of one event or log is taken at once, one of several is cut into
  /// its elements, which the turns take one by one.
  @discardableResult
  func open(_ inbound: InboundMessage) -> SlotTable<OpenMessage>.Reference? {
    if inbound.inlet == .realtime { lastRealtimeAt = now.monotonic }
    let message = messages.insert(OpenMessage(message: inbound))
    let reference = messages.reference(message)
    messages[message].unsettled = 1
    hold(inbound.storage.count, forMessage: message)
    work.spend(WorkCost.element + inbound.bodyCount * WorkCost.byte)
    let format = inbound.storage.withPart(inbound.contentType.range) {
      BodyFormat(contentType: $0)
    }
    begin(message, format)
    return messages.contains(reference) ? reference : nil
  }

  private func begin(_ message: Int32, _ format: BodyFormat) {
    let inbound = messages[message].message
    let isLog = inbound.inlet == .deliveryLogs
    let isBinaryCloudEvent = !isLog && !inbound.cloudEvent.isEmpty
    let whole = 0..<inbound.bodyCount
    switch format {
    case .cloudEvent where !isLog, .cloudEventBatch where !isLog, .xml where !isLog:
      openTranslated(message, format)
    case _ where isBinaryCloudEvent:
      openTranslated(message, format)
    case .json:
      inbound.storage.withPart(whole) { openJSON(message, $0) }
    case .ndjson:
      messages[message].notation = .lines
      split(
        message,
        inbound.storage.withPart(whole) {
          JSONSplitter(lines: $0).prefix(EngineLimits.elements + 1)
        })
    case .cloudEvent, .cloudEventBatch, .xml, .unknown:
      park(
        message, element: whole,
        Rejection(
          code: .unsupportedContentType, path: "content_type", offset: nil,
          detail: "expected \(expectedContentTypes(inbound.inlet))"))
    }
  }

  private func expectedContentTypes(_ inlet: Inlet) -> String {
    let json = "application/json or application/x-ndjson"
    return inlet == .deliveryLogs ? json : "\(json), CloudEvents or application/xml"
  }

  private func openJSON(_ message: Int32, _ body: UnsafeRawBufferPointer) {
    let whole = 0..<body.count
    do throws(JSONError) {
      let root = try parser.parse(padded: body)
      if let elements = JSONSplitter(batch: root) {
        if messages[message].message.inlet != .deliveryLogs, let refusal = refusal(ofBatch: root) {
          park(message, element: whole, refusal)
        } else {
          if root.kind == .object { messages[message].notation = .events }
          split(message, elements.prefix(EngineLimits.elements + 1))
        }
      } else if let tooLarge = oversize(whole, of: message) {
        park(message, element: whole, tooLarge)
      } else {
        take(message, root: root, element: whole, knownAbsent: false)
      }
    } catch {
      openPieces(message, body, error)
    }
  }

  /// A body that does not parse as a whole: only the elements at fault shall park.
  private func openPieces(
    _ message: Int32, _ body: UnsafeRawBufferPointer, _ error: JSONError
  ) {
    let whole = 0..<body.count
    do throws(Rejection) {
      guard error.code != .tooLarge, error.code != .noMemory,
        let pieces = try EventBatch.pieces(of: body, using: parser)
      else { return park(message, element: whole, Rejection(error)) }
      if pieces.isObject { messages[message].notation = .events }
      split(message, pieces.elements)
    } catch {
      park(message, element: whole, error)
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

  private func split(_ message: Int32, _ found: some Sequence<Range<Int>>) {
    let elements = Array(found)
    guard elements.count <= EngineLimits.elements else {
      return park(
        message, element: 0..<messages[message].message.bodyCount,
        Rejection(
          code: .tooLarge, path: "$", offset: 0,
          detail: "the message has more than \(EngineLimits.elements) elements"))
    }
    guard !elements.isEmpty else {
      let whole = 0..<messages[message].message.bodyCount
      park(
        message, element: whole,
        Rejection(
          code: .emptyBatch, path: "$", offset: 0, detail: "expected at least one element"))
      return
    }
    messages[message].isBatch = true
    messages[message].elements = elements
    hold(elements.count * MemoryLayout<Range<Int>>.stride, forMessage: message)
    inlets[Int(messages[message].message.inlet.rawValue)].open = message
  }

  /// Takes an element by parsing it from its place in the message.
  func take(_ message: Int32, element: Range<Int>, knownAbsent: Bool = false) {
    if let refusal = refusal(of: element, in: message) {
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
        take(message, root: root, element: element, knownAbsent: knownAbsent)
      } catch {
        park(message, element: element, rejection(error, element, of: message))
      }
    }
  }

  private func take(
    _ message: Int32, root: JSONValue, element: Range<Int>, knownAbsent: Bool
  ) {
    do throws(Rejection) {
      if messages[message].message.inlet == .deliveryLogs {
        try takeLog(message, root: root, element: element, knownAbsent: knownAbsent)
      } else {
        try takeEvent(message, root: root, element: element, knownAbsent: knownAbsent)
      }
    } catch {
      park(message, element: element, error)
    }
  }

  private func takeEvent(
    _ message: Int32, root: JSONValue, element: Range<Int>, knownAbsent: Bool
  ) throws(Rejection) {
    let fields = try decodeEvent(message, root: root)
    let key = lookup.key(of: fields.id.bytes)
    if let event = eventSlots[key] {
      give(.event(message: message, element: element), to: event)
    } else if !knownAbsent, lookup.mayContain(key), !isBroken(.losesDuplicatesAtRestart) {
      let event = insertEvent(key, phase: .loading)
      events[event].inputs.append(.event(message: message, element: element))
      read(.newest(id: Array(fields.id.bytes)), for: event)
    } else {
      accept(fields, key: key, message: message, element: element)
    }
  }

  private func decodeEvent(
    _ message: Int32, root: JSONValue
  ) throws(Rejection) -> EventFields {
    let inbound = messages[message].message
    if !inbound.replyTo.isEmpty {
      let isOurs = inbound.storage.withPart(inbound.replyTo.range) {
        $0.starts(with: names.prefixWithDot)
      }
      if isOurs {
        throw Rejection(
          code: .badReplyTo, path: "reply_to", offset: nil,
          detail: "expected a reply_to outside the queues of \(settings.prefix)")
      }
    }
    guard !messages[message].isBatch, !inbound.messageID.isEmpty else {
      return try EventFields.decode(root, messageID: nil)
    }
    return try inbound.storage.withPart(inbound.messageID.range) { (id) throws(Rejection) in
      try EventFields.decode(root, messageID: id)
    }
  }

  private func oversize(_ element: Range<Int>, of message: Int32) -> Rejection? {
    let count = max(element.count, messages[message].source(of: element).count)
    guard messages[message].message.inlet != .deliveryLogs, count > settings.maxEventBytes
    else { return nil }
    return Rejection(
      code: .tooLarge, path: "$", offset: 0,
      detail: "the event has \(count) bytes; at most \(settings.maxEventBytes)")
  }

  /// One element of a message, or the taking of its elements, is done. The last one settles it.
  func elementSettled(_ message: Int32) {
    messages[message].unsettled -= 1
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

extension ByteRange {
  var range: Range<Int> { offset..<offset + count }
}
