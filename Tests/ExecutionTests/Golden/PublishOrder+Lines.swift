import Messages

@testable import Execution

extension PublishOrder {
  /// The message as it leaves the engine, one line a part: exchange, routing key and flag, each
  /// property that it has, each header, the body. What a message does not have has no line.
  func lines(of output: TurnOutput) -> [String] {
    func text(_ range: ByteRange) -> String {
      String(decoding: output.bytes[range.offset..<range.offset + range.count], as: UTF8.self)
    }
    let texts: [(String, ByteRange)] = [
      ("content_type", contentType), ("content_encoding", contentEncoding),
      ("correlation_id", correlationID), ("reply_to", replyTo), ("message_id", messageID),
      ("type", type), ("app_id", appID),
    ]
    var lines = ["\(exchange) \(text(routingKey))\(mandatory ? " mandatory" : "")"]
    for (name, range) in texts where !range.isEmpty { lines.append("  \(name): \(text(range))") }
    if let priority { lines.append("  priority: \(priority)") }
    let seconds = originalTimestampSeconds ?? UInt64(timestamp.nanoseconds / 1_000_000_000)
    lines.append("  timestamp: \(seconds)")
    for header in output.headers[headers] {
      lines.append("  header \(header.name): \(text(header.value))")
    }
    let kept = body[originalHeaders.offset..<originalHeaders.offset + originalHeaders.count]
    if !kept.isEmpty {
      let text = String(decoding: kept, as: UTF8.self)
      lines.append("  kept headers: \(text.debugDescription)")
    }
    return lines + ["  body: \(String(decoding: body[bodyRange], as: UTF8.self))"]
  }
}
