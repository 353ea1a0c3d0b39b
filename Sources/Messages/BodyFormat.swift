/// How a body is written, by its content type.
package enum BodyFormat: Sendable, Equatable {
  /// One document of ours, or an array of them.
  case json
  /// One document a line.
  case ndjson
  /// One event in CloudEvents' structured mode.
  case cloudEvent
  /// An array of those.
  case cloudEventBatch
  /// Adobe Campaign's `rtEvent` or `batchEvent`.
  case xml
  /// The envelope of MassTransit around one document of ours.
  case massTransit
  /// A type that clients send where their user has set none: JSON if the body begins like it.
  case perhapsJSON
  /// Anything else: to be parked.
  case unknown

  /// Parameters (`; charset=utf-8`) and letter case do not matter. Absent means JSON.
  package init(contentType: UnsafeRawBufferPointer) {
    let name = Self.name(in: contentType)
    func matches(_ texts: StaticString...) -> Bool { texts.contains { Self.equal(name, $0) } }
    if name.isEmpty || Self.equal(name, "application/json") {
      self = .json
    } else if Self.equal(name, "application/cloudevents+json") {
      self = .cloudEvent
    } else if Self.equal(name, "application/cloudevents-batch+json") {
      self = .cloudEventBatch
    } else if matches(
      "application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonl",
      "application/jsonlines", "application/x-jsonlines", "application/stream+json")
    {
      self = .ndjson
    } else if matches("application/xml", "text/xml") || Self.equal(name.suffix(4), "+xml") {
      self = .xml
    } else if Self.equal(name, "application/vnd.masstransit+json") {
      self = .massTransit
    } else if Self.equal(name, "text/json") || Self.equal(name.suffix(5), "+json") {
      self = .json
    } else if matches("text/plain", "application/octet-stream") {
      self = .perhapsJSON
    } else {
      self = .unknown
    }
  }

  /// Whether this names JSON: `application/json`, `text/json`, any type with `+json`, or nothing.
  package static func isJSON(contentType: UnsafeRawBufferPointer) -> Bool {
    let name = name(in: contentType)
    return name.isEmpty || equal(name, "application/json") || equal(name, "text/json")
      || equal(name.suffix(5), "+json")
  }

  /// Whether a body begins as an object or array of JSON does.
  package static func looksLikeJSON(_ body: UnsafeRawBufferPointer) -> Bool {
    let first = body.first { $0 != 0x20 && !(0x09...0x0D).contains($0) }
    return first == UInt8(ascii: "{") || first == UInt8(ascii: "[")
  }

  /// The content type without its parameters.
  private static func name(in contentType: UnsafeRawBufferPointer) -> Slice<UnsafeRawBufferPointer>
  {
    let end = contentType.firstIndex(of: UInt8(ascii: ";")) ?? contentType.count
    var name = contentType[..<end].drop { $0 == 0x20 || $0 == 0x09 }
    while let last = name.last, last == 0x20 || last == 0x09 { name.removeLast() }
    return name
  }

  /// - Parameter lower: in lower-case letters.
  private static func equal(_ name: Slice<UnsafeRawBufferPointer>, _ lower: StaticString) -> Bool {
    name.equals(lower)
  }
}

extension Slice<UnsafeRawBufferPointer> {
  /// Whether these are the letters of a name, upper or lower case.
  ///
  /// - Parameter lower: in lower-case letters.
  func equals(_ lower: StaticString) -> Bool {
    guard lower.utf8CodeUnitCount == count else { return false }
    let expected = UnsafeBufferPointer(start: lower.utf8Start, count: lower.utf8CodeUnitCount)
    return zip(self, expected).allSatisfy { byte, lower in
      byte == lower || (0x41...0x5A ~= byte && byte | 0x20 == lower)
    }
  }
}
