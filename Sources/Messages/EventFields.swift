package import JSON

/// A decoded and checked event: views into its document, valid as long as that is.
package struct EventFields {
  /// The whole event as it came, unknown fields among it.
  package let root: JSONValue
  /// Chosen by the producer; see `isEventID`.
  package let id: JSONString
  /// See `isEventType`.
  package let type: JSONString
  /// `channel`, or `wishedChannel` when that is absent, or email.
  package let channel: JSONString
  /// The member that the channel's address stands in.
  package let addressField: Channel.AddressField
  /// Where the channel reaches the recipient. Personal: not for logs and errors.
  package let address: JSONString
  /// Brand, shop or site; at most 255 bytes; nil when absent, null or empty.
  package let origin: JSONString?
  /// The producer's own key; at most 255 bytes; nil when absent, null or empty.
  package let externalID: JSONString?
  /// A BCP 47 tag, not checked; at most 35 bytes; nil when absent, null or empty.
  package let language: JSONString?
  /// Of an e-mail; nil when absent, null, empty or Adobe's 0.
  package let emailFormat: EmailFormat?
  /// Not to be delivered before this time.
  package let scheduled: Timestamp?
  /// Not to be delivered after this time.
  package let expiration: Timestamp?

  /// The same event on another channel, a template's fallback; nil when the event has no address
  /// for that.
  package func on(channel: JSONString) -> EventFields? {
    let field = Channel.addressField(of: channel)
    // Checked when the event was decoded: all its addresses were.
    guard let address = root[field.name]?.asString else { return nil }
    return EventFields(
      root: root, id: id, type: type, channel: channel, addressField: field, address: address,
      origin: origin, externalID: externalID, language: language, emailFormat: emailFormat,
      scheduled: scheduled, expiration: expiration)
  }

  /// Reads an event from its document.
  ///
  /// - Parameters:
  ///   - root: one event.
  ///   - messageID: of the AMQP message, when it must be the id: it chooses the shard.
  ///   - isStored: whether it is one that was accepted, perhaps by a program with fewer rules.
  /// - Throws: the first thing that is wrong, with its place and what was expected.
  package static func decode(
    _ root: JSONValue, messageID: UnsafeRawBufferPointer?, isStored: Bool = false
  ) throws(Rejection) -> EventFields {
    let reader = try FieldReader(root, "an event: a JSON object")
    try reader.noDuplicates()
    try reader.schemaVersion()
    let id = try reader.eventID()
    try id.check(messageID, in: root)
    let type = try reader.eventType()
    let channel = try reader.channel()
    let field = Channel.addressField(of: channel)
    let address = try reader.addresses(needed: field)
    let ctx = try reader.required("ctx", "an object with the template's data")
    guard ctx.kind == .object else {
      throw reader.wrong(.wrongType, "ctx", ctx, "expected an object with the template's data")
    }
    try reader.string("country")
    let emailFormat = try reader.emailFormat(isStored: isStored)
    return EventFields(
      root: root, id: id, type: type, channel: channel, addressField: field, address: address,
      origin: try reader.text("origin", limit: MessageLimits.originBytes),
      externalID: try reader.text("externalId", limit: MessageLimits.externalIDBytes),
      language: try reader.text("language", limit: MessageLimits.languageBytes),
      emailFormat: emailFormat,
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
    guard let value = optional("wishedChannel") else { return JSONString("email") }
    if let number = value.asInt64, let channel = Channel.adobe(number) { return channel }
    if let number = value.asString, let channel = Channel.adobe(number) { return channel }
    return try channel(value, "wishedChannel")
  }

  private func channel(_ value: JSONValue, _ name: StaticString) throws(Rejection) -> JSONString {
    guard let channel = value.asString, Channel.isValid(channel.bytes) else {
      throw wrong(
        .badChannel, name, value,
        "expected a channel of 1 to 32 lower-case letters, digits and '-', like email")
    }
    return channel
  }

  fileprivate func emailFormat(isStored: Bool) throws(Rejection) -> EmailFormat? {
    guard let value = optional("emailFormat") else { return nil }
    switch EmailFormat.read(value) {
    case .none: return nil
    case .format(let format): return format
    case .wrong where isStored: return nil
    case .wrong:
      throw wrong(
        .badValue, "emailFormat", value, "expected text or html, or Adobe's 1 (text) or 2 (html)")
    }
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

extension JSONString {
  /// Whether an event's id is that of its message.
  ///
  /// - Parameter messageID: nil when it need not be.
  func check(_ messageID: UnsafeRawBufferPointer?, in root: JSONValue) throws(Rejection) {
    guard let messageID, messageID.count > 0, JSONString(bytes: messageID) != self else { return }
    throw Rejection(
      code: .idMismatch, path: "$.id", offset: root["id"]?.offset,
      detail: "expected the message's message_id: with more than one shard the broker chooses "
        + "the shard by that, so that both have to be the same")
  }
}

/// 1 to 128 printable ASCII characters.
package func isEventID(_ bytes: UnsafeRawBufferPointer) -> Bool {
  (1...MessageLimits.idBytes).contains(bytes.count) && bytes.allSatisfy { 0x20...0x7E ~= $0 }
}

/// `[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*`, at most 128 bytes.
package func isEventType(_ bytes: UnsafeRawBufferPointer) -> Bool {
  guard (1...MessageLimits.typeBytes).contains(bytes.count) else { return false }
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
