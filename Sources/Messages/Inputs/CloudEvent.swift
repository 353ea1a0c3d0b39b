package import JSON

/// Events in the notation of CloudEvents 1.0 (github.com/cloudevents/spec, v1.0.2: spec, JSON
/// format, AMQP binding).
///
/// `id`, `type` and `source` become `id`, `type` and `origin`. Where `data` has a member `ctx`, it
/// is the rest of the event; otherwise its members that are fields of an event are those, and all
/// others become the event's `ctx`. The other attributes (`time`, `subject`, extensions) are kept
/// in a member `cloudevent`, so that templates can use `{{cloudevent.time}}`; `traceparent` and
/// `tracestate` are not, since they change when an event is sent again.
package enum CloudEvent {
  /// What is said of one that came where it is not looked for.
  package static let hint =
    "this is a CloudEvent: expected the content type application/cloudevents+json, or "
    + "application/cloudevents-batch+json for an array"

  /// Whether a document that came as plain JSON is an event in structured mode.
  package static func isStructured(_ root: JSONValue) -> Bool {
    func isText(_ name: StaticString) -> Bool { root[name]?.kind == .string }
    return isText("specversion") && isText("id") && isText("source") && isText("type")
  }

  /// Translates one event in structured mode.
  ///
  /// - Parameters:
  ///   - body: at least `jsonPadding` readable bytes follow it in memory.
  ///   - parser: views of it die.
  /// - Throws: when the body is no JSON. An event that is at fault is marked.
  package static func translate(
    structured body: UnsafeRawBufferPointer, using parser: JSONParser
  ) throws(Rejection) -> Translation {
    var result = Translation(isBatch: false, capacity: body.count + 256)
    let root = try parse(body, parser)
    result.addTraced(0..<body.count, of: body, CloudEventReader(root, data: root["data"]))
    return result
  }

  /// Translates a message in binary mode: the body is `data`.
  ///
  /// - Parameters:
  ///   - attributes: a JSON object of the message's `cloudEvents_` or `cloudEvents:` headers, the
  ///     names without the prefix.
  ///   - isJSON: whether the message's content type says that the body is JSON.
  ///   - body: like in structured mode.
  ///   - parsers: two, since both documents are read at one time.
  package static func translate(
    binary attributes: [UInt8], isJSON: Bool, body: UnsafeRawBufferPointer,
    using parsers: (JSONParser, JSONParser)
  ) throws(Rejection) -> Translation {
    guard isJSON else {
      throw Rejection(
        code: .unsupportedContentType, path: "content_type", offset: nil,
        detail: "expected the data of a CloudEvent as JSON, by its content type too")
    }
    var result = Translation(isBatch: false, capacity: body.count + attributes.count + 256)
    let data = try parse(body, parsers.0)
    let root: JSONValue
    do throws(JSONError) {
      root = try parsers.1.parse(attributes)
    } catch {
      throw Rejection(
        code: .badValue, path: "headers", offset: nil,
        detail: "expected cloudEvents headers in UTF-8, as texts")
    }
    result.addTraced(0..<body.count, of: body, CloudEventReader(root, data: data))
    return result
  }

  /// Where the field of a translated event stands in a CloudEvent: `$.email` is `$.data.email`.
  package static func sourcePath(_ path: String, isBinary: Bool) -> String {
    func begins(_ field: String) -> Bool {
      path == field || path.hasPrefix("\(field).") || path.hasPrefix("\(field)[")
    }
    guard path.hasPrefix("$.") else { return path }
    if begins("$.id") || begins("$.type") {
      return isBinary ? "cloudEvents:" + path.dropFirst(2) : path
    }
    if begins("$.origin") { return isBinary ? "cloudEvents:source" : "$.source" }
    return isBinary ? path : "$.data" + path.dropFirst()
  }

  /// The same for a refusal of a CloudEvent in binary mode: its attributes are headers, its data
  /// is the body.
  package static func binaryPath(_ path: String) -> String {
    if path.hasPrefix("$.data.") || path == "$.data" { return "$" + path.dropFirst(6) }
    return path.hasPrefix("$.") ? "cloudEvents:" + path.dropFirst(2) : path
  }

  private static func parse(
    _ body: UnsafeRawBufferPointer, _ parser: JSONParser
  ) throws(Rejection) -> JSONValue {
    do throws(JSONError) {
      return try parser.parse(padded: body)
    } catch {
      throw Rejection(error)
    }
  }

  /// A part of a body; `lines` is of the whole body.
  fileprivate static func parse(
    _ part: Range<Int>, of body: UnsafeRawBufferPointer, _ parser: JSONParser,
    _ lines: inout LineIndex
  ) throws(Rejection) -> JSONValue {
    do throws(JSONError) {
      return try parser.parse(padded: UnsafeRawBufferPointer(rebasing: body[part]))
    } catch {
      throw Rejection(error.counting(in: body, from: part.lowerBound, &lines))
    }
  }

  fileprivate static func elements(
    of body: UnsafeRawBufferPointer, _ parser: JSONParser
  ) throws(Rejection) -> [Range<Int>] {
    let root: JSONValue
    do throws(JSONError) {
      root = try parser.parse(padded: body)
    } catch {
      if let pieces = JSONPieces(body), !pieces.isObject { return pieces.elements }
      throw Rejection(error)
    }
    guard root.kind == .array else {
      throw Rejection(
        code: .wrongType, path: "$", offset: root.offset, detail: "expected an array of events")
    }
    guard root.count > 0 else {
      throw Rejection(
        code: .emptyBatch, path: "$", offset: root.offset, detail: "expected at least one event")
    }
    return root.elements.map(\.range)
  }
}

/// Translates an array of CloudEvents (`application/cloudevents-batch+json`), bit by bit.
package final class CloudEventBatchTranslator {
  private let sources: [Range<Int>]
  private var next = 0
  private var translation: Translation?
  private var lines = LineIndex()
  /// Bytes looked at to tell where faulty events stand.
  package var bytesCounted: Int { lines.bytesCounted }

  /// Finds the events in the body.
  ///
  /// - Parameters: as those of `CloudEvent.translate`.
  /// - Throws: when the body is no array of events, however faulty those are.
  package init(
    _ body: UnsafeRawBufferPointer, using parser: JSONParser
  ) throws(Rejection) {
    sources = try CloudEvent.elements(of: body, parser)
    translation = Translation(isBatch: true, capacity: body.count + body.count / 8 + 256)
  }

  /// Translates some `bytes` more of the body, the same one in each call, but at least one event.
  /// True at its end.
  package func advance(
    _ body: UnsafeRawBufferPointer, bytes: Int, using parser: JSONParser
  ) -> Bool {
    var done = 0
    while next < sources.count, done < bytes {
      let source = sources[next]
      translation?.add(source, of: body) { (writer) throws(Rejection) in
        let root = try CloudEvent.parse(source, of: body, parser, &lines)
        try CloudEventReader(root, data: root["data"]).write(to: &writer)
      }
      next += 1
      done += source.count
    }
    return next == sources.count
  }

  /// Hands over the events, once the end is reached. Faulty ones are marked.
  package func finish() -> Translation {
    translation.take() ?? Translation(isBatch: true, capacity: 0)
  }
}

extension Translation {
  /// Adds the one event of a message and takes its trace context.
  fileprivate mutating func addTraced(
    _ source: Range<Int>, of body: UnsafeRawBufferPointer, _ reader: CloudEventReader
  ) {
    add(source, of: body) { (writer) throws(Rejection) in try reader.write(to: &writer) }
    traceParent = reader.trace("traceparent", limit: MessageLimits.traceParentBytes)
    traceState = reader.trace("tracestate", limit: MessageLimits.traceStateBytes)
  }
}
