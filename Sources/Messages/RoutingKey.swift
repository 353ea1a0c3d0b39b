package import JSON

/// Routing keys of what we publish. Channel, lane and type hold nothing that AMQP would take for
/// more than words; a type may be several.
package enum RoutingKey {
  /// `<channel>.<lane>.<event type>`
  package static func writeDelivery(
    channel: UnsafeRawBufferPointer, lane: Lane, type: UnsafeRawBufferPointer,
    to writer: inout ByteWriter
  ) {
    writer.write(channel)
    writer.write(byte: UInt8(ascii: "."))
    writer.write(lane.name)
    writer.write(byte: UInt8(ascii: "."))
    writer.write(type)
  }

  /// `<status>.<lane>.<channel>.<event type>`
  package static func writeStatus(
    _ status: Status, lane: Lane, channel: UnsafeRawBufferPointer, type: UnsafeRawBufferPointer,
    to writer: inout ByteWriter
  ) {
    writer.write(status.wireName)
    writer.write(byte: UInt8(ascii: "."))
    writer.write(lane.name)
    writer.write(byte: UInt8(ascii: "."))
    writer.write(channel)
    writer.write(byte: UInt8(ascii: "."))
    writer.write(type)
  }
}
