import JSON
import Messages

// Bodies in other notations than ours, and where the elements of a body stand in it.
extension ShardEngine {
  /// Begins a message of CloudEvents or Adobe's XML: its events are written in our notation
  /// behind the message's bytes, once, and taken from there. A body for several is translated by
  /// the turns, bit by bit, and no event of it is taken before all of it has been read.
  func openTranslated(_ message: Int32, _ format: BodyFormat) {
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
  func begin(_ message: Int32, _ translator: OpenMessage.Translator) {
    messages[message].translator = translator
    inlets[Int(messages[message].message.inlet.rawValue)].open = message
  }

  /// Reads some more of a body; at its end its events are taken, or all of it parks.
  func translate(_ message: Int32, with translator: OpenMessage.Translator) {
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

  func endTranslation(_ message: Int32) {
    messages[message].translator = nil
    inlets[Int(messages[message].message.inlet.rawValue)].open = -1
  }

  private func adopt(_ translation: consuming Translation, _ message: Int32) {
    let start = messages[message].message.storage.count
    translation.output.withBytes { bytes in
      messages[message].message.storage.append(contentsOf: bytes)
    }
    adopt(trace: translation.traceParent, translation.traceState, message)
    messages[message].message.storage.append(
      contentsOf: repeatElement(0x20, count: jsonPadding))
    hold(
      messages[message].message.storage.count - start + translation.elements.count * 128,
      forMessage: message)
    messages[message].elements = translation.elements.map { element in
      element.json.lowerBound + start..<element.json.upperBound + start
    }
    let base = messages[message].content.lowerBound
    messages[message].origins = translation.elements.map { element in
      OpenMessage.ElementOrigin(
        source: element.source.lowerBound + base..<element.source.upperBound + base,
        refusal: element.refusal)
    }
    if translation.isBatch {
      messages[message].isBatch = true
      inlets[Int(messages[message].message.inlet.rawValue)].open = message
    } else if let element = messages[message].takeElement() {
      take(message, element: element)
    }
  }

  /// The trace context of an event that carries it itself, unless the message does.
  private func adopt(trace parent: [UInt8], _ state: [UInt8], _ message: Int32) {
    guard messages[message].message.traceParent.isEmpty, !parent.isEmpty else { return }
    for (bytes, path) in [
      (parent, \InboundMessage.traceParent), (state, \InboundMessage.traceState),
    ] {
      let offset = messages[message].message.storage.count
      messages[message].message.storage.append(contentsOf: bytes)
      messages[message].message[keyPath: path] = ByteRange(offset: offset, count: bytes.count)
    }
  }

  /// Why a translated element is no event, if that is known.
  func refusal(of element: Range<Int>, in message: Int32) -> Rejection? {
    guard !messages[message].origins.isEmpty, let index = messages[message].index(of: element)
    else { return nil }
    return messages[message].origins[index].refusal
  }

  /// What the parser says of an element, with its line in the message's body. The lines of a
  /// translated event are nowhere in that.
  func rejection(_ error: JSONError, _ element: Range<Int>, of message: Int32) -> Rejection {
    let open = messages[message]
    guard open.origins.isEmpty else {
      var rejection = Rejection(error)
      rejection.detail = error.detail
      return rejection
    }
    let (line, column) = lineAndColumn(of: element.lowerBound + error.offset, in: message)
    return Rejection(
      JSONError(
        code: error.code, offset: error.offset, line: line, column: column, path: error.path,
        detail: error.detail))
  }

  /// A rejection of an element as one of the message's body: its path, byte and line are those
  /// that whoever looks at the message finds. Of a compressed body they are those in its content.
  func placed(_ rejection: Rejection, _ element: Range<Int>, of message: Int32) -> Rejection {
    let open = messages[message]
    let start = open.text.lowerBound
    guard let index = open.index(of: element) else {
      var result = rejection
      if let offset = rejection.offset {
        result.offset = max(element.lowerBound, start) - start + offset
      }
      if open.isEnveloped { result.path = path(rejection.path, behind: MassTransit.path) }
      return result
    }
    let source = open.source(of: element)
    var result = rejection
    // The bytes of a translated event are nowhere in the body.
    let isOfBody = open.origins.isEmpty || open.origins[index].refusal != nil
    result.offset = source.lowerBound - start + (isOfBody ? rejection.offset ?? 0 : 0)
    if rejection.offset == nil, isOfBody, !open.isBatch { result.offset = nil }
    switch open.notation {
    case .json: result.path = path(rejection.path, behind: "\(root(open))[\(index)]")
    case .events:
      result.path = path(rejection.path, behind: "\(root(open)).events[\(index)]")
    case .lines:
      let line = lineAndColumn(of: source.lowerBound, in: message).line
      result.path = "line \(line): \(rejection.path)"
    case .cloudEvents, .binaryCloudEvent:
      let isBinary = open.notation == .binaryCloudEvent
      if !isOfBody {
        result.path = CloudEvent.sourcePath(rejection.path, isBinary: isBinary)
      } else if isBinary {
        result.path = CloudEvent.binaryPath(rejection.path)
      }
      if result.path.hasPrefix("cloudEvents:") { result.offset = nil }
      if open.isBatch { result.path = path(result.path, behind: "$[\(index)]") }
    case .xml:
      let (line, column) = lineAndColumn(of: source.lowerBound, in: message)
      result.detail = "line \(line), column \(column): \(rejection.detail)"
      if open.isBatch { result.path = path(rejection.path, behind: "$[\(index)]") }
    }
    return result
  }

  private func root(_ open: OpenMessage) -> String {
    open.isEnveloped ? MassTransit.path : "$"
  }

  private func path(_ path: String, behind place: String) -> String {
    path.hasPrefix("$") ? place + path.dropFirst() : path
  }

  private func lineAndColumn(of offset: Int, in message: Int32) -> (line: Int, column: Int) {
    let inbound = messages[message].message
    let text = messages[message].text
    let before = messages[message].lines.bytesCounted
    defer { work.spend((messages[message].lines.bytesCounted - before) * WorkCost.byte) }
    return inbound.storage.withPart(text) {
      messages[message].lines.place(of: offset - text.lowerBound, in: $0)
    }
  }
}

extension OpenMessage {
  /// The content type of one of its elements alone.
  var elementContentType: [UInt8] {
    switch notation {
    case .json, .events, .lines: EngineNames.json
    case .cloudEvents, .binaryCloudEvent: EngineNames.cloudEvent
    case .xml: EngineNames.xml
    }
  }
}
