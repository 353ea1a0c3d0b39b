/// How a body is written, by its content type.
package enum BodyFormat: Sendable, Equatable {
  case json, ndjson, cloudEvent, cloudEventBatch, xml, unknown

  /// Parameters (`; charset=utf-8`) and letter case do not matter. Absent means JSON.
  package init(contentType: UnsafeRawBufferPointer) {
    let end = contentType.firstIndex(of: UInt8(ascii: ";")) ?? contentType.count
    var name = contentType[..<end]
    while let last = name.last, last == 0x20 || last == 0x09 { name.removeLast() }
    func matches(_ text: StaticString) -> Bool {
      guard text.utf8CodeUnitCount == name.count else { return false }
      let expected = UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
      return zip(name, expected).allSatisfy { byte, lower in
        byte == lower || (0x41...0x5A ~= byte && byte | 0x20 == lower)
      }
    }
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
}
