internal import JSON
internal import Messages

/// A message to publish: a body and what the broker has to know of it.
struct OutgoingEvent {
  var body: [UInt8]
  var contentType = "application/json"
  var routingKey = "unknown"
  /// Nil of a raw message, so that it says nothing that the body does not.
  var messageID: String?
  /// The message's property `type`.
  var type: String?

  /// One message as it is, byte for byte.
  init(raw body: [UInt8], contentType: String) {
    self.body = body
    self.contentType = contentType
    routingKey = "raw"
  }

  /// A cancel of the event with this id.
  init(cancel id: String) {
    var object = JSONObjectText()
    object.add("id", id)
    body = Array(object.text.utf8)
    routingKey = "cancel"
    messageID = id
    type = "\(CancelFields.type)"
  }

  fileprivate init(body: [UInt8]) {
    self.body = body
  }
}

/// Reads events before they are published, and judges them as the service would.
final class EventReader {
  private let parser = JSONParser()
  private let mostBytes: Int

  /// - Parameter mostBytes: of one event: `events.maxBytes`.
  init(mostBytes: Int) {
    self.mostBytes = mostBytes
  }

  /// - Throws: why the service would not take it.
  func read(_ body: [UInt8]) throws(Rejection) -> OutgoingEvent {
    guard body.count <= mostBytes else {
      throw Rejection(
        code: .tooLarge, path: "$", offset: 0,
        detail: "the event has \(body.count) bytes; at most \(mostBytes) (events.maxBytes)")
    }
    return try body.withPadding { (bytes) throws(Rejection) in
      let root = try parse(bytes)
      guard isCloudEvent(root) else {
        return outgoing(try EventFields.decode(root, messageID: nil), body)
      }
      let translation = try CloudEvent.translate(structured: bytes, using: parser)
      var event = try translated(translation, body)
      event.contentType = "application/cloudevents+json"
      return event
    }
  }

  /// The same without judging it: what can be made out of type and id.
  ///
  /// - Throws: when it is not JSON.
  func readUnjudged(_ body: [UInt8]) throws(Rejection) -> OutgoingEvent {
    try body.withPadding { (bytes) throws(Rejection) in
      let root = try parse(bytes)
      var event = OutgoingEvent(body: body)
      if isCloudEvent(root) { event.contentType = "application/cloudevents+json" }
      if let type = root["type"]?.asString, isEventType(type.bytes) {
        event.routingKey = type.string
      }
      if let id = root["id"]?.asString, isEventID(id.bytes) { event.messageID = id.string }
      return event
    }
  }

  private func parse(_ bytes: UnsafeRawBufferPointer) throws(Rejection) -> JSONValue {
    do throws(JSONError) {
      return try parser.parse(padded: bytes)
    } catch {
      var rejection = Rejection(error)
      // The place in the whole file is told by whoever knows it.
      rejection.detail = error.detail
      throw rejection
    }
  }

  private func isCloudEvent(_ root: JSONValue) -> Bool {
    root.kind == .object && root["specversion"] != nil
  }

  private func outgoing(_ fields: EventFields, _ body: [UInt8]) -> OutgoingEvent {
    var event = OutgoingEvent(body: body)
    event.routingKey = fields.type.string
    event.messageID = fields.id.string
    return event
  }

  private func translated(
    _ translation: borrowing Translation, _ body: [UInt8]
  ) throws(Rejection) -> OutgoingEvent {
    guard let element = translation.elements.first else {
      throw Rejection(
        code: .emptyBatch, path: "$", offset: 0, detail: "expected an event in the CloudEvent")
    }
    if let refusal = element.refusal { throw refusal }
    let json = translation.output.withBytes { Array($0[element.json]) }
    return try json.withPadding { (bytes) throws(Rejection) in
      let root = try parse(bytes)
      do throws(Rejection) {
        return outgoing(try EventFields.decode(root, messageID: nil), body)
      } catch {
        var rejection = error
        rejection.path = CloudEvent.sourcePath(error.path, isBinary: false)
        // Where it stands in the translation is nowhere in the file.
        rejection.offset = nil
        throw rejection
      }
    }
  }
}

extension [UInt8] {
  /// The bytes, with what a parser reads beyond them; valid in the call.
  fileprivate func withPadding<Result>(
    _ body: (UnsafeRawBufferPointer) throws(Rejection) -> Result
  ) throws(Rejection) -> Result {
    let padded = self + [UInt8](repeating: 0x20, count: jsonPadding)
    return try padded.withUnsafeBufferPointer { (all) throws(Rejection) in
      try body(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(all)[..<count]))
    }
  }
}
