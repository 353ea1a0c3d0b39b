package import JSON

/// A delivery engine's word on one delivery: views into its document.
package struct DeliveryLogFields {
  package let eventID: JSONString
  package let shard: ShardNumber
  package let attempt: UInt16
  /// `sent`, `ignored` or `deliveryFailed`.
  package let outcome: Status
  package let reasonCode: JSONString?
  package let reasonText: JSONString?
  package let providerMessageID: JSONString?
  package let occurredAt: Timestamp

  /// - Throws: the first thing that is wrong, with its place and what was expected.
  package static func decode(_ root: JSONValue) throws(Rejection) -> DeliveryLogFields {
    let reader = try FieldReader(root, "a delivery log: a JSON object")
    let value = try reader.required("deliveryId", "the delivery's id")
    guard let text = value.asString, let id = DeliveryID(text.bytes) else {
      throw reader.wrong(
        .badID, "deliveryId", value, "expected <eventId>.<shard>.<attempt> as the delivery had it")
    }
    let eventID = try reader.required("eventId", "the event's id")
    guard let event = eventID.asString, event == JSONString(bytes: id.eventID) else {
      throw reader.wrong(
        .idMismatch, "eventId", eventID, "expected the event's id, as in deliveryId")
    }
    let (code, sentence) = try reader.reason()
    guard let occurredAt = try reader.time("occurredAt") else {
      throw Rejection(
        code: .missingField, path: "$.occurredAt", offset: root.offset,
        detail: "expected when it happened, an RFC 3339 time")
    }
    return DeliveryLogFields(
      eventID: event, shard: id.shard, attempt: id.attempt, outcome: try reader.outcome(),
      reasonCode: code, reasonText: sentence,
      providerMessageID: try reader.text(
        "providerMessageId", limit: Limits.providerMessageIDBytes),
      occurredAt: occurredAt)
  }
}

extension FieldReader {
  fileprivate func outcome() throws(Rejection) -> Status {
    let value = try required("outcome", "sent, ignored or failed")
    if let text = value.asString {
      if text == "sent" { return .sent }
      if text == "ignored" { return .ignored }
      if text == "failed" { return .deliveryFailed }
    }
    throw wrong(.badValue, "outcome", value, "expected sent, ignored or failed")
  }

  fileprivate func reason() throws(Rejection) -> (JSONString?, JSONString?) {
    guard let value = optional("reason") else { return (nil, nil) }
    guard value.kind == .object else {
      throw wrong(.wrongType, "reason", value, "expected an object with code and text")
    }
    let reason = try FieldReader(value, "a reason: code and text")
    do throws(Rejection) {
      let code = try reason.text("code", limit: Limits.reasonCodeBytes)
      guard let code, code.bytes.allSatisfy({ 0x20...0x7E ~= $0 }) else {
        throw Rejection(
          code: .badValue, path: "$.code", offset: value.offset,
          detail: "expected 1 to 128 printable characters")
      }
      return (code, try reason.text("text", limit: Limits.reasonTextBytes))
    } catch {
      var inner = error
      inner.path = "$.reason" + error.path.dropFirst()
      throw inner
    }
  }
}
