import JSON

/// Events in Adobe Campaign's notation: `<rtEvent>` or `<batchEvent>`, alone or in what its SOAP
/// methods PushEvent and PushEvents wrap around them.
///
/// The element is the event: its attributes and child elements are the event's fields, in the
/// form that `XMLTree` describes, `ctx` among them. A field without text is no value. The lane is
/// that of the exchange, whatever the element's name; a session token is passed over. Around the
/// events of a `domEventCollection` there may be one more element, whatever its name: Adobe's
/// documentation has one.
package final class AdobeTranslator {
  private let events: AdobeReader
  private let reader: XMLReader

  /// - Parameters:
  ///   - bodyBytes: of the whole body.
  ///   - maxEventBytes: of one event's element; a larger one is refused and not kept in memory.
  package init(bodyBytes: Int, maxEventBytes: Int) {
    events = AdobeReader(bodyBytes: bodyBytes, maxEventBytes: maxEventBytes)
    // An event may stand in Envelope, Body, PushEvents, domEventCollection and a wrapper.
    reader = XMLReader(events, maxDepth: MessageLimits.eventDepth + 5)
  }

  /// Translates some `bytes` more of the body, the same one in each call. True at its end.
  ///
  /// - Throws: when the body as a whole is at fault.
  package func advance(_ body: UnsafeRawBufferPointer, bytes: Int) throws(Rejection) -> Bool {
    events.body = body
    defer { events.body = UnsafeRawBufferPointer(start: nil, count: 0) }
    return try reader.advance(body, bytes: bytes)
  }

  /// Hands over the events, once the end is reached. Faulty ones of several are marked.
  ///
  /// - Parameter messageID: makes the ids of events that have none, as Adobe's do not: it is the
  ///   id of an event that is alone; one of several gets its place in them behind it (`m-1.0`).
  ///   Empty: such an event is refused.
  /// - Throws: when there are none.
  package func finish(messageID: [UInt8]) throws(Rejection) -> Translation {
    try events.finish(messageID)
  }
}

/// Finds the events in a document and makes their trees.
private final class AdobeReader: XMLReaderDelegate {
  /// The document, while it is being read.
  var body = UnsafeRawBufferPointer(start: nil, count: 0)
  private let maxEventBytes: Int
  private var translation: Translation?
  /// The event that is being read, outermost first; empty between events.
  private var nesting: [(name: [UInt8], tree: XMLTree)] = []
  private var start = 0
  private var refusal: Rejection?
  /// Elements around the present place that are passed over with all that is in them.
  private var passedOver = 0
  private var hasCollection = false
  /// The elements around the present place that are no events and not passed over.
  private var around: [String] = []
  /// Whether the element that may stand in a collection around its events has been there.
  private var hasWrapper = false
  /// The places of the events that have no id.
  private var withoutID: [Int] = []

  init(bodyBytes: Int, maxEventBytes: Int) {
    self.maxEventBytes = maxEventBytes
    translation = Translation(isBatch: false, capacity: bodyBytes + 256)
  }

  func began(
    _ name: [UInt8], _ attributes: [(name: [UInt8], value: [UInt8])], at offset: Int
  ) throws(Rejection) {
    if !nesting.isEmpty {
      if nesting.count == MessageLimits.eventDepth { refuse(.tooDeep, Self.tooDeep, at: offset) }
      if offset - start > maxEventBytes {
        refuse(.tooLarge, "the event has more than \(maxEventBytes) bytes", at: start)
      }
      nesting.append((name, refusal == nil ? XMLTree(attributes) : XMLTree()))
    } else if passedOver > 0 {
      passedOver += 1
    } else if Self.isEvent(name) {
      start = offset
      nesting = [(name, XMLTree(attributes))]
    } else {
      try beganAround(Self.lowercased(name), at: offset)
    }
  }

  /// An element that is no event and in none.
  private func beganAround(_ name: String, at offset: Int) throws(Rejection) {
    switch name {
    case "envelope", "body", "pushevent", "domevent": break
    case "pushevents", "domeventcollection", "rtevents", "batchevents", "rtevent-collection",
      "batchevent-collection":
      hasCollection = true
    case "events" where around.last != "domeventcollection":
      hasCollection = true
    case "header", "sessiontoken":
      passedOver = 1
      return
    case _ where around.last == "domeventcollection" && !hasWrapper:
      hasWrapper = true
    default:
      throw Rejection(
        code: .badValue, path: "", offset: offset,
        detail: "expected rtEvent or batchEvent, or PushEvent or PushEvents around them")
    }
    around.append(name)
  }

  func ended(at end: Int) throws(Rejection) {
    if let last = nesting.popLast() {
      if nesting.isEmpty { return finishEvent(last.tree, start..<end) }
      guard refusal == nil else { return }
      let isEmptyContext = nesting.count == 1 && last.name.elementsEqual("ctx".utf8)
      nesting[nesting.count - 1].tree.add(
        last.name, last.tree.value(orEmptyObject: isEmptyContext))
    } else if passedOver > 0 {
      passedOver -= 1
    } else {
      around.removeLast()
    }
  }

  func text(_ bytes: UnsafeRawBufferPointer) {
    guard !nesting.isEmpty, refusal == nil else { return }
    nesting[nesting.count - 1].tree.add(text: bytes)
  }

  /// Hands over what has been read.
  func finish(_ messageID: [UInt8]) throws(Rejection) -> Translation {
    guard var result = translation.take(), !result.elements.isEmpty else {
      throw Rejection(
        code: .emptyBatch, path: "/", offset: 0,
        detail: "expected at least one rtEvent or batchEvent")
    }
    result.isBatch = hasCollection || result.elements.count > 1
    if !withoutID.isEmpty { result.addIDs(to: withoutID, messageID) }
    return result
  }

  private func finishEvent(_ tree: XMLTree, _ source: Range<Int>) {
    var refusal = self.refusal
    self.refusal = nil
    if refusal == nil, source.count > maxEventBytes {
      refusal = Rejection(
        code: .tooLarge, path: "$", offset: nil,
        detail: "the event has \(source.count) bytes; at most \(maxEventBytes)")
    }
    if refusal == nil, !tree.has("id"), let place = translation?.elements.count {
      withoutID.append(place)
    }
    translation?.add(source, of: body) { (writer) throws(Rejection) in
      if let refusal { throw refusal }
      tree.event.write(to: &writer)
    }
  }

  /// Marks the event that is being read: what is in it is no longer kept.
  private func refuse(_ code: ReasonCode, _ detail: String, at offset: Int) {
    guard refusal == nil else { return }
    refusal = Rejection(code: code, path: "$", offset: offset - start, detail: detail)
    for index in nesting.indices { nesting[index].tree = XMLTree() }
  }

  private static var tooDeep: String {
    "more than \(MessageLimits.eventDepth) elements stand inside each other"
  }

  private static func isEvent(_ name: [UInt8]) -> Bool {
    name.elementsEqual("rtEvent".utf8) || name.elementsEqual("batchEvent".utf8)
  }

  private static func lowercased(_ name: [UInt8]) -> String {
    String(decoding: name, as: UTF8.self).lowercased()
  }
}

extension Translation {
  /// Makes ids of the message's for events that have none; without one they are refused.
  fileprivate mutating func addIDs(to places: [Int], _ messageID: [UInt8]) {
    guard !messageID.isEmpty else {
      for place in places {
        refuse(
          place,
          Rejection(
            code: .missingField, path: "$.id", offset: nil,
            detail: "expected the event's id as its attribute, or a message_id: events without an "
              + "id then take that, and <message_id>.<index> in a collection"))
      }
      return
    }
    let isBatch = isBatch
    amend(places) { place, writer in
      writer.write(writer.bytes.last == UInt8(ascii: "{") ? #""id":"# : #","id":"#)
      let id = isBatch ? messageID + Array(".\(place)".utf8) : messageID
      id.withUnsafeBytes { writer.writeJSONString($0) }
      writer.write("}")
    }
  }
}

extension XMLTree {
  fileprivate init(_ attributes: [(name: [UInt8], value: [UInt8])]) {
    self.init()
    for attribute in attributes { add(attribute.name, .text(attribute.value)) }
  }

  fileprivate func value(orEmptyObject isObject: Bool) -> Value {
    let value = value
    if isObject, case .text(let text) = value, text.isEmpty { return .tree(XMLTree()) }
    return value
  }

  /// The fields of an event: those without text left out, times with the T that RFC 3339 has.
  fileprivate var event: Value {
    var result = XMLTree()
    for (name, value) in members {
      guard case .text(var text) = value else {
        result.add(name, value)
        continue
      }
      guard !text.isEmpty else { continue }
      if name.elementsEqual("scheduled".utf8) || name.elementsEqual("expiration".utf8),
        text.count > 10, text[10] == 0x20
      {
        text[10] = UInt8(ascii: "T")
      }
      result.add(name, .text(text))
    }
    return .tree(result)
  }
}
