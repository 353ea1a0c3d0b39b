package import JSON

/// The answer to a message with `reply_to`: whether its event was taken.
package enum Receipt {
  /// Appends the receipt of an event that is durable, or of a cancel.
  ///
  /// - Parameters:
  ///   - isAccepted: false only of a cancel that came too late.
  ///   - status: of the event; nil only of a cancel that came before its event.
  ///   - reason: code and text; nil for none.
  package static func write(
    eventID: UnsafeRawBufferPointer, isAccepted: Bool = true, isDuplicate: Bool, status: Status?,
    reason: (code: ReasonCode, text: String)? = nil, to writer: inout ByteWriter
  ) {
    writer.write(#"{"schemaVersion":1,"eventId":"#)
    writer.writeJSONString(eventID)
    writer.write(isAccepted ? #","accepted":true"# : #","accepted":false"#)
    writer.write(isDuplicate ? #","duplicate":true"# : #","duplicate":false"#)
    if let status {
      writer.write(#","status":""#)
      writer.write(status.wireName)
      writer.write("\"")
    } else {
      writer.write(#","status":null"#)
    }
    if let reason {
      writer.write(#","reason":{"code":""#)
      writer.write(string: reason.code.rawValue)
      writer.write(#"","text":"#)
      writer.writeJSONString(reason.text)
      writer.write("}")
    }
    writer.write("}")
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
