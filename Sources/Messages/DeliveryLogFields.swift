package import JSON

/// A delivery engine's word on one delivery: views into its document.
package struct DeliveryLogFields {
  /// As in the delivery's id.
  package let eventID: JSONString
  /// The shard that made the delivery.
  package let shard: ShardNumber
  /// From 1.
  package let attempt: UInt16
  /// `sent`, `ignored` or `deliveryFailed`.
  package let outcome: Status
  /// For programs: 1 to 128 printable ASCII characters. Nil when the log gives no reason.
  package let reasonCode: JSONString?
  /// For people: cut to 4,096 bytes, since an outcome is not refused for a long explanation.
  package let reasonText: JSONString?
  /// The provider's own id of the message; at most 512 bytes.
  package let providerMessageID: JSONString?
  /// When the outcome happened, by the delivery engine's clock.
  package let occurredAt: Timestamp

  /// Reads one log from its document.
  ///
  /// - Throws: the first thing that is wrong, with its place and what was expected.
  package static func decode(_ root: JSONValue) throws(Rejection) -> DeliveryLogFields {
    let reader = try FieldReader(root, "a delivery log: a JSON object")
    try reader.noDuplicates()
    try reader.schemaVersion()
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
        "providerMessageId", limit: MessageLimits.providerMessageIDBytes),
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
      let value = try reason.required("code", "1 to 128 printable ASCII characters")
      guard let code = value.asString,
        (1...MessageLimits.reasonCodeBytes).contains(code.count),
        code.bytes.allSatisfy({ 0x20...0x7E ~= $0 })
      else {
        throw reason.wrong(
          .badValue, "code", value, "expected a string of 1 to 128 printable ASCII characters")
      }
      return (
        code, try reason.text("text", limit: .max).map { $0.prefix(MessageLimits.reasonTextBytes) }
      )
    } catch {
      var inner = error
      inner.path = "$.reason" + error.path.dropFirst()
      throw inner
    }
  }
}
