package import JSON

/// A sensitive event as commands and pages show it: with the fields of the contract that say what
/// it is, to whom it goes and when. `ctx` is left out, and so is every field that the contract does
/// not know: templates can read those, too.
package enum RedactedEvent {
  private static let fields: [StaticString] = [
    "schemaVersion", "id", "type", "channel", "wishedChannel", "email", "mobilePhone",
    "registrationToken", "address", "origin", "externalId", "language", "country", "emailFormat",
    "scheduled", "expiration",
  ]

  /// What a delivery log says beside `reason`.
  private static let logFields: [StaticString] = [
    "schemaVersion", "deliveryId", "eventId", "outcome", "providerMessageId", "occurredAt",
  ]

  /// Appends the event's JSON object without what is hidden, and with `"ctxHidden":true` instead.
  ///
  /// - Parameter root: an event; of anything else nothing but that member is written.
  package static func write(_ root: JSONValue, to writer: inout ByteWriter) {
    writer.write("{")
    for name in fields {
      guard let value = root[name], isScalar(value) else { continue }
      writer.write("\"")
      writer.write(name)
      writer.write("\":")
      writer.write(value.source)
      writer.write(",")
    }
    writer.write("\"ctxHidden\":true}")
  }

  /// Whether there is nothing in a document that would be hidden: an event without any data, or a
  /// delivery log.
  package static func hidesNothing(_ root: JSONValue) -> Bool {
    guard root.kind == .object else { return false }
    return hasOnly(fields, root, or: nil) || hasOnly(logFields, root, or: "reason")
  }

  private static func hasOnly(
    _ names: [StaticString], _ root: JSONValue, or container: StaticString?
  ) -> Bool {
    root.members.allSatisfy { name, value in
      if let container, name == container {
        return value.members.allSatisfy { isScalar($0.value) }
          && (value.kind == .object || value.isNull)
      }
      return isScalar(value) && names.contains { name == $0 }
    }
  }

  private static func isScalar(_ value: JSONValue) -> Bool {
    value.kind != .object && value.kind != .array
  }
}
