import JSON
import Messages
import Testing

/// What becomes of a body in another notation: each event as text, or why it is none.
struct Translated {
  var events: [String] = []
  var sources: [String] = []
  var refusals: [Rejection] = []
  var isBatch = false
  var traceParent = ""

  init(_ body: [UInt8], _ translation: borrowing Translation) {
    isBatch = translation.isBatch
    traceParent = String(decoding: translation.traceParent, as: UTF8.self)
    translation.output.withBytes { bytes in
      for element in translation.elements {
        sources.append(String(decoding: body[element.source], as: UTF8.self))
        if let refusal = element.refusal {
          refusals.append(refusal)
        } else {
          events.append(String(decoding: bytes[element.json], as: UTF8.self))
        }
      }
    }
  }
}

/// The body with the spare bytes that the parser wants behind it.
func withPadded<Result>(
  _ body: [UInt8], _ use: (UnsafeRawBufferPointer) throws -> Result
) throws -> Result {
  try (body + [UInt8](repeating: 0x20, count: jsonPadding)).withUnsafeBytes {
    try use(UnsafeRawBufferPointer(rebasing: $0[..<body.count]))
  }
}

func translate(cloudEvent body: [UInt8], isBatch: Bool = false) throws -> Translated {
  let parser = JSONParser(maxDepth: MessageLimits.eventDepth, maxBytes: MessageLimits.messageBytes)
  return try withPadded(body) {
    guard isBatch else {
      return Translated(body, try CloudEvent.translate(structured: $0, using: parser))
    }
    let work = try CloudEventBatchTranslator($0, using: parser)
    while !work.advance($0, bytes: 100, using: parser) {}
    return Translated(body, work.finish())
  }
}

func translate(binary attributes: String, _ body: String, isJSON: Bool = true) throws -> Translated
{
  let parsers = (JSONParser(), JSONParser())
  let bytes = Array(body.utf8)
  return try withPadded(bytes) {
    Translated(
      bytes,
      try CloudEvent.translate(
        binary: Array(attributes.utf8), isJSON: isJSON, body: $0, using: parsers))
  }
}

func translate(
  adobe body: [UInt8], messageID: String = "", maxEventBytes: Int = MessageLimits.eventBytes,
  slice: Int = 1 << 10
) throws -> Translated {
  try withPadded(body) {
    let work = AdobeTranslator(bodyBytes: body.count, maxEventBytes: maxEventBytes)
    while try !work.advance($0, bytes: slice) {}
    return Translated(body, try work.finish(messageID: Array(messageID.utf8)))
  }
}

/// What the translation as a whole is refused for; nil when it is not.
func refusal(_ work: () throws -> Translated) -> Rejection? {
  do {
    let result = try work()
    return result.refusals.first
  } catch {
    return error as? Rejection
  }
}

/// Whether both texts are the same JSON value.
func isSame(_ one: String, _ other: [UInt8]) throws -> Bool {
  try withBody(one) { left in try withBody(other) { left.equals($0) } }
}
