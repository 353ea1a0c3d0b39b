package import JSON

/// One transition of one event, as subscribers get it. Byte fields are views.
package struct StatusUpdate {
  package var eventID: UnsafeRawBufferPointer
  package var sequence: UInt32
  package var status: Status
  package var previousStatus: Status?
  package var lane: Lane
  package var channel: UnsafeRawBufferPointer
  package var type: UnsafeRawBufferPointer
  package var origin: UnsafeRawBufferPointer
  package var externalID: UnsafeRawBufferPointer
  package var attempt: UInt16
  /// Whether the attempt's delivery has been published, so that its id means something.
  package var hasDelivery: Bool
  package var templateName: UnsafeRawBufferPointer
  package var templateVersion: UnsafeRawBufferPointer
  package var reasonCode: UnsafeRawBufferPointer
  package var reasonText: UnsafeRawBufferPointer
  package var providerMessageID: UnsafeRawBufferPointer
  package var errorCount: UInt16
  package var nextAttemptAt: Timestamp?
  package var occurredAt: Timestamp
  package var recordedAt: Timestamp
  package var shard: ShardNumber
  package var lsn: UInt64

  package init(
    eventID: UnsafeRawBufferPointer, sequence: UInt32, status: Status, previousStatus: Status?,
    lane: Lane, attempt: UInt16, occurredAt: Timestamp, recordedAt: Timestamp,
    shard: ShardNumber, lsn: UInt64
  ) {
    let none = UnsafeRawBufferPointer(start: nil, count: 0)
    self.eventID = eventID
    self.sequence = sequence
    self.status = status
    self.previousStatus = previousStatus
    self.lane = lane
    (channel, type, origin, externalID) = (none, none, none, none)
    self.attempt = attempt
    hasDelivery = false
    (templateName, templateVersion) = (none, none)
    (reasonCode, reasonText, providerMessageID) = (none, none, none)
    errorCount = 0
    nextAttemptAt = nil
    self.occurredAt = occurredAt
    self.recordedAt = recordedAt
    self.shard = shard
    self.lsn = lsn
  }

  /// Appends the update as JSON. What is absent is left out, but `previousStatus`, which is null
  /// for the first transition.
  package func write(to writer: inout ByteWriter) {
    writer.write(#"{"schemaVersion":1,"eventId":"#)
    writer.writeJSONString(eventID)
    writer.write(#","sequence":"#)
    writer.write(decimal: Int(sequence))
    writer.write(#","status":""#)
    writer.write(status.wireName)
    writer.write(#"","previousStatus":"#)
    if let previousStatus {
      writer.write("\"")
      writer.write(previousStatus.wireName)
      writer.write("\"")
    } else {
      writer.write("null")
    }
    writer.write(#","lane":""#)
    writer.write(lane.name)
    writer.write("\"")
    writer.writeMember(#","channel":"#, channel)
    writer.writeMember(#","type":"#, type)
    writer.writeMember(#","origin":"#, origin)
    writer.writeMember(#","externalId":"#, externalID)
    writer.write(#","attempt":"#)
    writer.write(decimal: Int(attempt))
    writeOptionalParts(to: &writer)
    writeTime(#","occurredAt":""#, occurredAt, to: &writer)
    writeTime(#","recordedAt":""#, recordedAt, to: &writer)
    writer.write(#","shard":""#)
    shard.write(to: &writer)
    writer.write(#"","lsn":"#)
    writer.write(decimal: Int(lsn))
    writer.write("}")
  }

  private func writeOptionalParts(to writer: inout ByteWriter) {
    if hasDelivery {
      writer.write(#","deliveryId":""#)
      writer.writeJSONStringContents(eventID)
      writer.write(".")
      shard.write(to: &writer)
      writer.write(".")
      writer.write(decimal: Int(attempt))
      writer.write("\"")
    }
    if templateName.count > 0 {
      writer.write(#","template":{"name":"#)
      writer.writeJSONString(templateName)
      writer.write(#","version":"#)
      writer.writeJSONString(templateVersion)
      writer.write("}")
    }
    if reasonCode.count > 0 {
      writer.write(#","reason":{"code":"#)
      writer.writeJSONString(reasonCode)
      writer.writeMember(#","text":"#, reasonText)
      writer.write("}")
    }
    writer.writeMember(#","providerMessageId":"#, providerMessageID)
    if errorCount > 0 {
      writer.write(#","errorCount":"#)
      writer.write(decimal: Int(errorCount))
    }
    if let nextAttemptAt { writeTime(#","nextAttemptAt":""#, nextAttemptAt, to: &writer) }
  }

  private func writeTime(
    _ prefix: StaticString, _ time: Timestamp, to writer: inout ByteWriter
  ) {
    writer.write(prefix)
    time.write(to: &writer)
    writer.write("\"")
  }
}
