import JSON

/// One CloudEvent: checks its attributes and writes it as an event of ours.
struct CloudEventReader {
  let root: JSONValue
  /// Of the body in binary mode; nil when there is none.
  let data: JSONValue?

  init(_ root: JSONValue, data: JSONValue?) {
    self.root = root
    self.data = data
  }

  func write(to writer: inout ByteWriter) throws(Rejection) {
    let attributes = try FieldReader(root, "a CloudEvent: a JSON object")
    try attributes.noDuplicates()
    try checkVersion(attributes)
    guard attributes.optional("data_base64") == nil else {
      throw Rejection(
        code: .unsupportedContentType, path: "$.data_base64", offset: root["data_base64"]?.offset,
        detail: "expected data as a JSON object; data_base64 is not read")
    }
    try checkContentType(attributes)
    let data = try dataObject()
    writer.write("{")
    try writeAttribute("id", of: attributes, as: #""id":"#, to: &writer)
    try writeAttribute("type", of: attributes, as: #","type":"#, to: &writer)
    try writeAttribute("source", of: attributes, as: #","origin":"#, to: &writer)
    if data["ctx"] != nil {
      try writeEvent(data, to: &writer)
    } else {
      writeFieldsAndContext(data, to: &writer)
    }
    writeOthers(to: &writer)
    writer.write("}")
  }

  /// The text of a trace attribute; empty when there is none or it is too long to be one.
  func trace(_ name: StaticString, limit: Int) -> [UInt8] {
    guard let text = root[name]?.asString, text.count <= limit else { return [] }
    return Array(text.bytes)
  }

  private func checkVersion(_ attributes: FieldReader) throws(Rejection) {
    let version = try attributes.required("specversion", "1.0, the version of CloudEvents")
    guard let text = version.asString, text == "1.0" else {
      throw attributes.wrong(.badValue, "specversion", version, "expected \"1.0\"")
    }
  }

  private func checkContentType(_ attributes: FieldReader) throws(Rejection) {
    guard let type = attributes.optional("datacontenttype") else { return }
    guard let text = type.asString, BodyFormat.isJSON(contentType: text.bytes) else {
      throw attributes.wrong(
        .unsupportedContentType, "datacontenttype", type, "expected application/json")
    }
  }

  private func dataObject() throws(Rejection) -> JSONValue {
    guard let data, !data.isNull else {
      throw Rejection(
        code: .missingField, path: "$.data", offset: root.offset,
        detail: "expected a JSON object with the event's other fields")
    }
    guard data.kind == .object else {
      throw Rejection(
        code: .notAnObject, path: "$.data", offset: data.offset,
        detail: "expected a JSON object with the event's other fields")
    }
    try FieldReader(data, "a JSON object").noDuplicates("$.data")
    return data
  }

  private func writeAttribute(
    _ name: StaticString, of attributes: FieldReader, as prefix: StaticString,
    to writer: inout ByteWriter
  ) throws(Rejection) {
    let value = try attributes.required(name, "a text: CloudEvents demands it")
    guard let text = value.asString, !text.isEmpty else {
      throw attributes.wrong(.wrongType, name, value, "expected a text that is not empty")
    }
    writer.write(prefix)
    writer.writeJSONString(text)
  }

  /// `data` is an event but for what the attributes say; where it says that too, it must agree.
  private func writeEvent(
    _ data: JSONValue, to writer: inout ByteWriter
  ) throws(Rejection) {
    for (name, value) in data.members {
      if let attribute = Self.attribute(of: name) {
        guard value.isNull || value.asString == root.member(attribute.bytes)?.asString else {
          throw Rejection(
            code: .idMismatch, path: "$.data.\(name.string)", offset: value.offset,
            detail: "expected nothing, or the same as in the attribute \(attribute.string)")
        }
      } else if name != "cloudevent" {
        writer.write(member: name, value)
      }
    }
  }

  /// Without a `ctx`, `data` is the producer's own: an `id` or `type` in it is that of its order or
  /// whatever it is about, and part of the context like all else that is no field of an event.
  private func writeFieldsAndContext(_ data: JSONValue, to writer: inout ByteWriter) {
    for (name, value) in data.members where EventFields.isName(name) {
      writer.write(member: name, value)
    }
    writer.write(#","ctx":{"#)
    var isFirst = true
    for (name, value) in data.members where !EventFields.isName(name) {
      if !isFirst { writer.write(",") }
      isFirst = false
      writer.writeJSONString(name)
      writer.write(":")
      writer.write(value.source)
    }
    writer.write("}")
  }

  private func writeOthers(to writer: inout ByteWriter) {
    writer.write(#","cloudevent":{"specversion":"1.0""#)
    for (name, value) in root.members where !Self.isTaken(name) {
      writer.write(member: name, value)
    }
    writer.write("}")
  }

  /// The attribute that a field of an event is taken from.
  private static func attribute(of field: JSONString) -> JSONString? {
    if field == "id" || field == "type" { return field }
    return field == "origin" ? JSONString("source") : nil
  }

  private static func isTaken(_ name: JSONString) -> Bool {
    name == "specversion" || name == "id" || name == "type" || name == "source" || name == "data"
      || name == "data_base64" || name == "traceparent" || name == "tracestate"
  }
}

extension EventFields {
  /// Whether an event has a field of this name that an attribute of a CloudEvent does not give.
  static func isName(_ name: JSONString) -> Bool {
    fieldNames.contains { name == $0 }
  }

  private static let fieldNames: [StaticString] = [
    "schemaVersion", "channel", "wishedChannel", "email", "mobilePhone", "registrationToken",
    "address", "externalId", "language", "country", "emailFormat", "scheduled", "expiration",
  ]
}

extension ByteWriter {
  /// A member behind another one, its value as it stands in the source.
  mutating func write(member name: JSONString, _ value: JSONValue) {
    write(",")
    writeJSONString(name)
    write(":")
    write(value.source)
  }
}
