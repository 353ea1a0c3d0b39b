package import JSON
package import LogSequence

/// One transition of one event, as subscribers get it. Byte fields are views.
package struct StatusUpdate {
  /// The event's id.
  package var eventID: UnsafeRawBufferPointer
  /// From 1: counts the transitions of this event.
  package var sequence: UInt32
  /// Where the event now stands.
  package var status: Status
  /// Where it stood before; nil of the first transition.
  package var previousStatus: Status?
  /// The lane that it came on.
  package var lane: Lane
  /// Of this attempt.
  package var channel: UnsafeRawBufferPointer
  /// The event's type.
  package var type: UnsafeRawBufferPointer
  /// The event's origin; empty for none.
  package var origin: UnsafeRawBufferPointer
  /// The event's external id; empty for none.
  package var externalID: UnsafeRawBufferPointer
  /// From 1.
  package var attempt: UInt16
  /// Whether the attempt's delivery has been published, so that its id means something.
  package var hasDelivery: Bool
  /// Folder of the template that the event is linked to; empty for none.
  package var templateName: UnsafeRawBufferPointer
  /// Content hash of that template.
  package var templateVersion: UnsafeRawBufferPointer
  /// Why, for programs; empty for none. The contract demands one when not covered or expired.
  package var reasonCode: UnsafeRawBufferPointer
  /// Why, for people; empty for none.
  package var reasonText: UnsafeRawBufferPointer
  /// From the delivery log; empty for none.
  package var providerMessageID: UnsafeRawBufferPointer
  /// Failed tries of this attempt; 0 is left out.
  package var errorCount: UInt16
  /// When the event is taken up again.
  package var nextAttemptAt: Timestamp?
  /// Of an outcome the delivery log's time, otherwise `recordedAt`.
  package var occurredAt: Timestamp
  /// When the record was made, by our clock.
  package var recordedAt: Timestamp
  /// The shard that owns the event.
  package var shard: ShardNumber
  /// Which history of the store the sequence counts in: above 0 where a backup was restored or a
  /// store adopted, so that numbers that are given a second time are told from the first.
  package var lineage: UInt64 = 0
  /// Of the transition's record.
  package var lsn: LSN

  /// An update with what every one has; the channel and type are to be set, the rest may be.
  package init(
    eventID: UnsafeRawBufferPointer, sequence: UInt32, status: Status, previousStatus: Status?,
    lane: Lane, attempt: UInt16, occurredAt: Timestamp, recordedAt: Timestamp,
    shard: ShardNumber, lsn: LSN
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
    writer.write(#"","lineage":"#)
    writer.write(decimal: lineage)
    writer.write(#","lsn":"#)
    writer.write(decimal: lsn.rawValue)
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
