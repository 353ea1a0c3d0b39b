package import JSON

/// A decoded and checked event: views into its document, valid as long as that is.
package struct EventFields {
  /// The whole event as it came, unknown fields among it.
  package let root: JSONValue
  package let id: JSONString
  package let type: JSONString
  package let channel: JSONString
  package let addressField: Channel.AddressField
  package let address: JSONString
  package let origin: JSONString?
  package let externalID: JSONString?
  package let language: JSONString?
  package let scheduled: Timestamp?
  package let expiration: Timestamp?

  /// Reads an event from its document.
  ///
  /// - Parameters:
  ///   - root: one event.
  ///   - messageID: of the AMQP message, when that carries this one event; it must be the id.
  /// - Throws: the first thing that is wrong, with its place and what was expected.
  package static func decode(
    _ root: JSONValue, messageID: UnsafeRawBufferPointer?
  ) throws(Rejection) -> EventFields {
    let reader = try FieldReader(root, "an event: a JSON object")
    let id = try reader.eventID()
    if let messageID, messageID.count > 0, JSONString(bytes: messageID) != id {
      throw Rejection(
        code: .idMismatch, path: "$.id", offset: root["id"]?.offset,
        detail: "expected the message's message_id")
    }
    let type = try reader.eventType()
    let channel = try reader.channel()
    let field = Channel.addressField(of: channel)
    let address = try reader.addresses(needed: field)
    let ctx = try reader.required("ctx", "an object with the template's data")
    guard ctx.kind == .object else {
      throw reader.wrong(.wrongType, "ctx", ctx, "expected an object with the template's data")
    }
    return EventFields(
      root: root, id: id, type: type, channel: channel, addressField: field, address: address,
      origin: try reader.text("origin", limit: Limits.originBytes),
      externalID: try reader.text("externalId", limit: Limits.externalIDBytes),
      language: try reader.text("language", limit: Limits.languageBytes),
      scheduled: try reader.time("scheduled"), expiration: try reader.time("expiration"))
  }
}

extension FieldReader {
  func eventID() throws(Rejection) -> JSONString {
    let value = try required("id", "the event's id: 1 to 128 printable characters")
    guard let id = value.asString, isEventID(id.bytes) else {
      throw wrong(.badID, "id", value, "expected a string of 1 to 128 printable ASCII characters")
    }
    return id
  }

  fileprivate func eventType() throws(Rejection) -> JSONString {
    let value = try required("type", "the event's type")
    guard let type = value.asString, isEventType(type.bytes) else {
      throw wrong(
        .badType, "type", value,
        "expected words of letters, digits, '_' and '-' joined by dots, at most 128 bytes")
    }
    return type
  }

  fileprivate func channel() throws(Rejection) -> JSONString {
    if let value = optional("channel") { return try channel(value, "channel") }
    if let value = optional("wishedChannel") { return try channel(value, "wishedChannel") }
    return JSONString("email")
  }

  private func channel(_ value: JSONValue, _ name: StaticString) throws(Rejection) -> JSONString {
    let number = value.asInt64 ?? value.asString.flatMap { smallNumber($0.bytes) }
    if name == "wishedChannel", let number, let channel = Channel.adobe(number) {
      return channel
    }
    guard let channel = value.asString, Channel.isValid(channel.bytes) else {
      throw wrong(
        .badChannel, name, value,
        "expected a channel of 1 to 32 lower-case letters, digits and '-', like email")
    }
    return channel
  }

  private func smallNumber(_ bytes: UnsafeRawBufferPointer) -> Int64? {
    guard (1...2).contains(bytes.count), bytes.allSatisfy({ 0x30...0x39 ~= $0 }) else {
      return nil
    }
    return bytes.reduce(0) { $0 * 10 + Int64($1 - 0x30) }
  }

  /// Checks all addresses, since a template may fall back on another channel, and returns the
  /// one that the event's channel needs.
  fileprivate func addresses(needed: Channel.AddressField) throws(Rejection) -> JSONString {
    var result: JSONString?
    for field in Channel.AddressField.allCases {
      guard let value = optional(field.name) else { continue }
      guard let address = value.asString, Channel.isValid(address.bytes, field) else {
        throw wrong(.badAddress, field.name, value, Channel.expected(field))
      }
      if field == needed { result = address }
    }
    guard let result else {
      throw Rejection(
        code: .badAddress, path: "$.\(needed.name)", offset: root.offset,
        detail: "the event's channel needs it: \(Channel.expected(needed))")
    }
    return result
  }
}

private func == (a: StaticString, b: StaticString) -> Bool {
  JSONString(a) == JSONString(b)
}

/// 1 to 128 printable ASCII characters.
package func isEventID(_ bytes: UnsafeRawBufferPointer) -> Bool {
  (1...Limits.idBytes).contains(bytes.count) && bytes.allSatisfy { 0x20...0x7E ~= $0 }
}

/// `[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*`, at most 128 bytes.
package func isEventType(_ bytes: UnsafeRawBufferPointer) -> Bool {
  guard (1...Limits.typeBytes).contains(bytes.count) else { return false }
  var isWordStart = true
  for byte in bytes {
    switch byte {
    case UInt8(ascii: "."):
      if isWordStart { return false }
      isWordStart = true
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "_"), UInt8(ascii: "-"):
      isWordStart = false
    default: return false
    }
  }
  return !isWordStart
}
