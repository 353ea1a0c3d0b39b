internal import JSON

/// Reads members of one object and says exactly what is wrong with them.
struct FieldReader {
  let root: JSONValue

  /// - Throws: when the root is no object.
  init(_ root: JSONValue, _ what: StaticString) throws(Rejection) {
    guard root.kind == .object else {
      throw Rejection(
        code: .notAnObject, path: "$", offset: root.offset, detail: "expected \(what)")
    }
    self.root = root
  }

  /// - Parameter path: of the object.
  /// - Throws: when a key stands twice in this object. What is inside its members is not looked
  ///   at.
  func noDuplicates(_ path: String = "$") throws(Rejection) {
    guard let key = root.firstDuplicateKey() else { return }
    var name = ByteWriter(capacity: 128)
    name.writeJSONString(key.prefix(MessageLimits.shownKeyBytes))
    throw Rejection(
      code: .duplicateKey, path: path, offset: root.offset,
      detail: "expected each key once; "
        + name.withBytes { String(decoding: $0, as: UTF8.self) }
        + (key.count > MessageLimits.shownKeyBytes ? " (cut) stands twice" : " stands twice"))
  }

  /// - Throws: when the message says that it is of another version of the contract than ours.
  func schemaVersion() throws(Rejection) {
    guard let value = optional("schemaVersion"), value.asInt64 != 1 else { return }
    throw wrong(.badValue, "schemaVersion", value, "expected 1, the version of this contract")
  }

  /// The member; nil when it is absent or null.
  func optional(_ name: StaticString) -> JSONValue? {
    guard let value = root[name], !value.isNull else { return nil }
    return value
  }

  func required(_ name: StaticString, _ expected: StaticString) throws(Rejection) -> JSONValue {
    guard let value = optional(name) else {
      throw Rejection(
        code: .missingField, path: "$.\(name)", offset: root.offset,
        detail: "expected \(expected)")
    }
    return value
  }

  /// A string of 1 to `limit` bytes; nil when absent, null or empty.
  func text(_ name: StaticString, limit: Int) throws(Rejection) -> JSONString? {
    guard let value = optional(name) else { return nil }
    guard let string = value.asString else {
      throw wrong(.wrongType, name, value, "expected a string")
    }
    guard string.count <= limit else {
      throw wrong(.badValue, name, value, "expected at most \(limit) bytes")
    }
    return string.isEmpty ? nil : string
  }

  /// - Throws: when the member is there and no string.
  func string(_ name: StaticString) throws(Rejection) {
    guard let value = optional(name), value.kind != .string else { return }
    throw wrong(.wrongType, name, value, "expected a string")
  }

  func time(_ name: StaticString) throws(Rejection) -> Timestamp? {
    guard let value = optional(name) else { return nil }
    guard let string = value.asString, let time = Timestamp(rfc3339: string.bytes) else {
      throw wrong(
        .badTime, name, value, "expected an RFC 3339 time with a zone, like 2026-12-24T06:00:00Z")
    }
    return time
  }

  func wrong(
    _ code: ReasonCode, _ name: StaticString, _ value: JSONValue, _ detail: String
  ) -> Rejection {
    Rejection(code: code, path: "$.\(name)", offset: value.offset, detail: detail)
  }
}

extension JSONString {
  /// The literal's bytes, which live for ever.
  init(_ text: StaticString) {
    self.init(bytes: UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }
}
