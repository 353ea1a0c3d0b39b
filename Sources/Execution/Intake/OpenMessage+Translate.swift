import JSON
import Messages

// A body in another notation than ours: its events, written in our notation, stand behind the
// message's own bytes.
extension OpenMessage {
  /// Takes over what a body was translated to. How many bytes it has grown by in memory.
  mutating func adopt(_ translation: consuming Translation) -> Int {
    let start = message.storage.count
    translation.output.withBytes { bytes in message.storage.append(contentsOf: bytes) }
    adopt(trace: translation.traceParent, translation.traceState)
    message.storage.append(contentsOf: repeatElement(0x20, count: jsonPadding))
    elements = translation.elements.map { element in
      element.json.lowerBound + start..<element.json.upperBound + start
    }
    let base = content.lowerBound
    origins = translation.elements.map { element in
      ElementOrigin(
        source: element.source.lowerBound + base..<element.source.upperBound + base,
        refusal: element.refusal)
    }
    if translation.isBatch { isBatch = true }
    return message.storage.count - start + elements.count * 128
  }

  /// The trace context of an event that carries it itself, unless the message does.
  private mutating func adopt(trace parent: [UInt8], _ state: [UInt8]) {
    guard message.traceParent.isEmpty, !parent.isEmpty else { return }
    message.traceParent = add(parent)
    message.traceState = add(state)
  }

  private mutating func add(_ bytes: [UInt8]) -> ByteRange {
    let offset = message.storage.count
    message.storage.append(contentsOf: bytes)
    return ByteRange(offset: offset, count: bytes.count)
  }

  /// Takes over what a compressed body was unpacked to. How many bytes it has grown by.
  mutating func adopt(unpacked bytes: [UInt8]) -> Int {
    let start = message.storage.count
    message.storage.append(contentsOf: bytes)
    message.storage.append(contentsOf: repeatElement(0x20, count: jsonPadding))
    content = start..<start + bytes.count
    text = content
    return message.storage.count - start
  }
}
