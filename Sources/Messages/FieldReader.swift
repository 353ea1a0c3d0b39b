internal import JSON

/// Reads members of one object and says exactly what is wrong with them.
struct FieldReader {
  let root: JSONValue

  /// - Throws: when the root is no object, or a key stands twice.
  init(_ root: JSONValue, _ what: StaticString) throws(Rejection) {
    guard root.kind == .object else {
      throw Rejection(
        code: .notAnObject, path: "$", offset: root.offset, detail: "expected \(what)")
    }
    if let key = root.firstDuplicateKey() {
      throw Rejection(
        code: .duplicateKey, path: "$", offset: root.offset,
        detail: "expected each key once; one of \(key.count) bytes stands twice")
    }
    self.root = root
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
