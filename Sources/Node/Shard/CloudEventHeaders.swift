internal import AMQP
internal import JSON
internal import Messages

/// The attributes of a CloudEvent in binary mode: headers whose names begin with `cloudEvents:` or
/// `cloudEvents_` (CloudEvents' AMQP protocol binding 1.0.2, section 3.1.3.1).
enum CloudEventHeaders {
  /// The attributes as a JSON object, names without the prefix; nil when there are none.
  static func attributes(of headers: HeaderTable) -> [UInt8]? {
    var writer = ByteWriter(capacity: 0)
    headers.forEach { name, value, _ in
      guard let attribute = attribute(name) else { return }
      writer.write(writer.count == 0 ? "{" : ",")
      writer.writeJSONString(attribute)
      writer.write(":")
      write(value, to: &writer)
    }
    guard writer.count > 0 else { return nil }
    writer.write("}")
    return writer.array()
  }

  private static func attribute(_ name: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
    let prefix: StaticString = "cloudEvents"
    let length = prefix.utf8CodeUnitCount
    guard name.count > length + 1, name[length] == UInt8(ascii: ":") || name[length] == 0x5F,
      name.starts(with: UnsafeBufferPointer(start: prefix.utf8Start, count: length))
    else { return nil }
    return UnsafeRawBufferPointer(rebasing: name[(length + 1)...])
  }

  private static func write(_ value: HeaderTable.Value, to writer: inout ByteWriter) {
    switch value {
    case .bytes(let bytes): writer.writeJSONString(bytes)
    case .integer(let number): writer.write(decimal: Int(number))
    case .boolean(let truth): writer.write(truth ? "true" : "false")
    case .timestampSeconds(let seconds):
      let nanoseconds = Int64(clamping: seconds).multipliedReportingOverflow(by: 1_000_000_000)
      let time =
        nanoseconds.overflow
        ? Timestamp.latest : Timestamp(nanoseconds: nanoseconds.partialValue)
      writer.write("\"")
      time.write(to: &writer)
      writer.write("\"")
    case .other: writer.write("null")
    }
  }
}
