package import JSON
package import LogSequence
package import Messages

extension RecordPayload {
  /// Why the transition happened, copied out of the record.
  var reason: TransitionReason {
    TransitionReason(
      code: Array(part(reasonCode)), text: Array(part(reasonText)),
      providerMessageID: Array(part(providerMessageID)))
  }

  /// Writes the status update of this record: what was published, or would have been.
  /// False when the record's facts cannot be read.
  package func writeStatusUpdate(
    id: UnsafeRawBufferPointer, lsn: LSN, recordedAt: Timestamp, shard: ShardNumber,
    lineage: UInt64 = 0, to writer: inout ByteWriter
  ) -> Bool {
    guard let facts = facts(id: id) else { return false }
    StatusUpdate.write(
      state, facts: facts, occurredAt: occurredAt, recordedAt: recordedAt, reason: reason,
      shard: shard, lineage: lineage, lsn: lsn, to: &writer)
    return true
  }
}

extension StatusUpdate {
  /// Writes the status update of one transition.
  static func write(
    _ state: EventState, facts: EventFacts, occurredAt: Timestamp, recordedAt: Timestamp,
    reason: TransitionReason, shard: ShardNumber, lineage: UInt64, lsn: LSN,
    to writer: inout ByteWriter
  ) {
    facts.withBytes { bytes in
      func field(_ name: EventFacts.Field) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: bytes[facts.range(of: name)])
      }
      var update = StatusUpdate(
        eventID: UnsafeRawBufferPointer(rebasing: bytes[facts.idRange]),
        sequence: state.sequence, status: state.status, previousStatus: state.previousStatus,
        lane: state.lane, attempt: state.attempt, occurredAt: occurredAt,
        recordedAt: recordedAt, shard: shard, lsn: lsn)
      update.lineage = lineage
      update.channel = field(.channel)
      update.type = field(.type)
      update.origin = field(.origin)
      update.externalID = field(.externalID)
      update.templateName = field(.templateName)
      update.templateVersion = field(.templateVersion)
      update.hasDelivery = state.status == .pendingDelivery || state.status.isOutcome
      update.errorCount = state.errorCount
      if state.status == .pending, !state.dueAt.isNone { update.nextAttemptAt = state.dueAt }
      reason.code.withUnsafeBytes { code in
        reason.text.withUnsafeBytes { text in
          reason.providerMessageID.withUnsafeBytes { provider in
            update.reasonCode = code
            update.reasonText = text
            update.providerMessageID = provider
            update.write(to: &writer)
          }
        }
      }
    }
  }
}
