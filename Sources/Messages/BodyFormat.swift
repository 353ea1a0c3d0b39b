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
  /// Anything else: to be parked.
  case unknown

  /// Parameters (`; charset=utf-8`) and letter case do not matter. Absent means JSON.
  package init(contentType: UnsafeRawBufferPointer) {
    let name = Self.name(in: contentType)
    func matches(_ text: StaticString) -> Bool { Self.equal(name, text) }
    if name.isEmpty || matches("application/json") {
      self = .json
    } else if matches("application/x-ndjson") {
      self = .ndjson
    } else if matches("application/cloudevents+json") {
      self = .cloudEvent
    } else if matches("application/cloudevents-batch+json") {
      self = .cloudEventBatch
    } else if matches("application/xml") || matches("text/xml") {
      self = .xml
    } else {
      self = .unknown
    }
  }

  /// Whether this names JSON: `application/json`, any type with `+json`, or nothing.
  package static func isJSON(contentType: UnsafeRawBufferPointer) -> Bool {
    let name = name(in: contentType)
    return name.isEmpty || equal(name, "application/json") || equal(name.suffix(5), "+json")
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
    guard lower.utf8CodeUnitCount == name.count else { return false }
    let expected = UnsafeBufferPointer(start: lower.utf8Start, count: lower.utf8CodeUnitCount)
    return zip(name, expected).allSatisfy { byte, lower in
      byte == lower || (0x41...0x5A ~= byte && byte | 0x20 == lower)
    }
  }
}
