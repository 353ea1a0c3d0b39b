package import JSON

/// The answer to a message with `reply_to`: whether its event was taken.
package enum Receipt {
  /// Appends the receipt of an event that is durable.
  package static func writeAccepted(
    eventID: UnsafeRawBufferPointer, isDuplicate: Bool, status: Status,
    to writer: inout ByteWriter
  ) {
    writer.write(#"{"schemaVersion":1,"eventId":"#)
    writer.writeJSONString(eventID)
    writer.write(#","accepted":true,"duplicate":"#)
    writer.write(isDuplicate ? "true" : "false")
    writer.write(#","status":""#)
    writer.write(status.wireName)
    writer.write("\"}")
  }

  /// Appends the receipt of what was parked. `eventID`: nil when it could not be made out.
  package static func writeRefused(
    eventID: UnsafeRawBufferPointer?, _ rejection: Rejection, to writer: inout ByteWriter
  ) {
    writer.write(#"{"schemaVersion":1,"eventId":"#)
    if let eventID { writer.writeJSONString(eventID) } else { writer.write("null") }
    writer.write(#","accepted":false,"duplicate":false,"status":null,"reason":{"code":""#)
    writer.write(string: rejection.code.rawValue)
    writer.write(#"","text":"#)
    writer.writeJSONString(rejection.sentence)
    writer.write("}}")
  }
}
