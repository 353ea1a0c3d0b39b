package import JSON

/// Writes a delivery: a head, the template's content, a tail.
package enum DeliveryBody {
  /// Everything up to and with `"content":`. What follows is the content's value.
  /// - Parameter saysEmailFormat: false for what was pinned by a release that left it out.
  package static func writeHead(
    eventID: UnsafeRawBufferPointer, shard: ShardNumber, attempt: UInt16, lane: Lane,
    fields: EventFields, templateName: String, templateVersion: String,
    saysEmailFormat: Bool = true, to writer: inout ByteWriter
  ) {
    writer.write(#"{"schemaVersion":1,"deliveryId":""#)
    writer.writeJSONStringContents(eventID)
    writer.write(".")
    shard.write(to: &writer)
    writer.write(".")
    writer.write(decimal: Int(attempt))
    writer.write(#"","eventId":"#)
    writer.writeJSONString(eventID)
    writer.write(#","attempt":"#)
    writer.write(decimal: Int(attempt))
    writer.write(#","lane":""#)
    writer.write(lane.name)
    writer.write(#"","channel":"#)
    writer.writeJSONString(fields.channel.bytes)
    writer.write(#","type":"#)
    writer.writeJSONString(fields.type.bytes)
    writer.writeMember(#","origin":"#, fields.origin?.bytes)
    writer.writeMember(#","externalId":"#, fields.externalID?.bytes)
    writer.writeMember(#","language":"#, fields.language?.bytes)
    if saysEmailFormat, let format = fields.emailFormat, fields.addressField == .email {
      writer.write(#","emailFormat":""#)
      writer.write(format.name)
      writer.write("\"")
    }
    writer.write(#","template":{"name":"#)
    writer.writeJSONString(templateName)
    writer.write(#","version":"#)
    writer.writeJSONString(templateVersion)
    writer.write(#"},"to":{""#)
    writer.write(fields.addressField.name)
    writer.write(#"":"#)
    writer.writeJSONString(fields.address.bytes)
    writer.write(#"},"content":"#)
  }

  /// Everything behind the content. `createdAt` is when the event was accepted, so that the same
  /// delivery always has the same bytes.
  package static func writeTail(
    expiration: Timestamp?, createdAt: Timestamp, to writer: inout ByteWriter
  ) {
    if let expiration {
      writer.write(#","expiration":""#)
      expiration.write(to: &writer)
      writer.write("\"")
    }
    writer.write(#","createdAt":""#)
    createdAt.write(to: &writer)
    writer.write("\"}")
  }
}

extension ByteWriter {
  /// `prefix` and the bytes as a JSON string; nothing when there are none.
  mutating func writeMember(_ prefix: StaticString, _ value: UnsafeRawBufferPointer?) {
    guard let value, value.count > 0 else { return }
    write(prefix)
    writeJSONString(value)
  }
}
