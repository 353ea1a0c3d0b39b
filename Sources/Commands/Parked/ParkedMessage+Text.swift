internal import AMQP
internal import JSON
internal import Templates

extension ParkedMessage {
  /// One line of JSON. A body that is not UTF-8 is given as `bodyBase64`, one that is not here as
  /// null, and of one that is not shown it says `"bodyHidden":true`.
  func json(hidden: Sensitivity.Reason?) -> String {
    var object = JSONObjectText()
    object.add("reason", reason)
    object.add("detail", detail)
    object.add("messageId", messageID)
    object.add("lane", lane)
    object.add("firstSeen", firstSeen)
    object.add("exchange", exchange)
    object.add("routingKey", routingKey)
    object.add("contentType", incoming.text(incoming.properties.contentType))
    if let batchID { object.add("batchId", batchID) }
    object.add("bytes", bodyBytes)
    object.add("waiting", false)
    guard hasBody else {
      object.add("body", nil as String?)
      return object.text
    }
    if hidden != nil {
      object.add("bodyHidden", true)
      return object.text
    }
    let body = incoming.withBody { Array($0) }
    if let text = String(validating: body, as: UTF8.self) {
      object.add("body", text)
    } else {
      object.add("bodyBase64", Base64.encode(body))
    }
    return object.text
  }

  /// Everything, for people: what is known line by line, the message's own headers, the body. With
  /// the body the headers' values are hidden: templates can read those of a CloudEvent.
  func text(hidden: Sensitivity.Reason?) -> String {
    let properties = incoming.properties
    let known: [(String, String?)] = [
      ("message", messageID ?? "-"), ("reason", reason), ("detail", detail), ("lane", lane),
      ("first seen", firstSeen), ("exchange", exchange), ("routing key", routingKey),
      ("batch", batchID), ("type", incoming.text(properties.type)),
      ("content type", incoming.text(properties.contentType)),
      ("correlation", incoming.text(properties.correlationID)),
      ("reply to", incoming.text(properties.replyTo)),
    ]
    var lines = known.compactMap { name, value in value.map { Self.line(name, $0) } }
    incoming.storage.withUnsafeBytes { bytes in
      HeaderTable(entries: bytes.slice(properties.headers)).forEach { name, value, _ in
        guard !Self.isAdded(name) else { return }
        lines.append(
          Self.line(
            "header " + String(decoding: name, as: UTF8.self).printable,
            hidden == nil ? Self.text(value) : "(hidden)"))
      }
    }
    lines.append(Self.line("body", "\(bodyBytes) bytes"))
    guard hasBody else {
      lines.append("(above \(AMQPLimits.defaultMaximumBodyBytes) bytes: not shown)")
      return lines.joined(separator: "\n")
    }
    if let hidden {
      lines.append(hidden.placeholder.printable)
      return lines.joined(separator: "\n")
    }
    let body = incoming.withBody { Array($0) }
    lines.append(
      String(validating: body, as: UTF8.self)?.printable(keeping: "\n\t")
        ?? "(not UTF-8, base64) \(Base64.encode(body))")
    return lines.joined(separator: "\n")
  }

  private static func line(_ name: String, _ value: String) -> String {
    name + ":" + String(repeating: " ", count: max(1, 14 - name.count))
      + value.printable
  }

  private static func text(_ value: HeaderTable.Value) -> String {
    switch value {
    case .bytes(let bytes): String(decoding: bytes, as: UTF8.self)
    case .integer(let number): "\(number)"
    case .boolean(let truth): "\(truth)"
    case .timestampSeconds(let seconds): "\(seconds) s since 1970"
    case .other: "(a table, an array or a float)"
    }
  }
}
