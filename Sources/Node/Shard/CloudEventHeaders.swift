internal import AMQP
internal import JSON
internal import Messages

/// The attributes of a CloudEvent in binary mode: headers whose names begin with `cloudEvents:` or
/// `cloudEvents_` (CloudEvents' AMQP protocol binding 1.0.2, section 3.1.3.1), or with `ce-` or
/// `ce_`, which libraries that were made for HTTP and Kafka write over AMQP, too.
enum CloudEventHeaders {
  /// How the headers are named.
  enum Form {
    case prefixed, short

    /// What a header's name says; nil when it is of no CloudEvent. The short prefix is believed
    /// where it names the version, which every CloudEvent has.
    init?(begunBy name: UnsafeRawBufferPointer) {
      if CloudEventHeaders.attribute(name, .prefixed) != nil {
        self = .prefixed
      } else if name.count == 14,
        let attribute = CloudEventHeaders.attribute(name, .short),
        attribute.elementsEqual("specversion".utf8)
      {
        self = .short
      } else {
        return nil
      }
    }
  }

  /// The attributes as a JSON object, names without the prefix.
  static func attributes(of headers: HeaderTable, _ form: Form) -> [UInt8] {
    var writer = ByteWriter(capacity: 256)
    headers.forEach { name, value, _ in
      guard let attribute = attribute(name, form) else { return }
      writer.write(writer.count == 0 ? "{" : ",")
      writer.writeJSONString(attribute)
      writer.write(":")
      write(value, to: &writer)
    }
    writer.write(writer.count == 0 ? "{}" : "}")
    return writer.array()
  }

  private static func attribute(
    _ name: UnsafeRawBufferPointer, _ form: Form
  ) -> UnsafeRawBufferPointer? {
    let prefix: StaticString = form == .prefixed ? "cloudEvents" : "ce"
    let length = prefix.utf8CodeUnitCount
    guard name.count > length + 1, name.starts(with: prefix.utf8View),
      name[length] == 0x5F
        || name[length] == UInt8(ascii: form == .prefixed ? ":" : "-")
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

extension StaticString {
  fileprivate var utf8View: UnsafeBufferPointer<UInt8> {
    UnsafeBufferPointer(start: utf8Start, count: utf8CodeUnitCount)
  }
}
