import JSON
import LogSequence
import Messages

extension Outbox.Entry {
  /// Of which history of which shard an update is.
  struct Source {
    var shard: ShardNumber
    /// Which history of its store the shard goes on with.
    var lineage: UInt64
  }

  /// What the record of a transition says.
  struct Transition {
    var lsn: LSN
    var key: EventKey
    var state: EventState
    var facts: EventFacts
    var occurredAt: Timestamp
    var recordedAt: Timestamp
    var reason: TransitionReason
  }

  /// Writes the update that a record holds.
  ///
  /// - Parameter writer: a scratch buffer.
  init(_ record: Transition, of source: Source, using writer: inout ByteWriter) {
    writer.removeAll()
    var ends: [6 of Int] = [0, 0, 0, 0, 0, 0]
    let state = record.state
    let facts = record.facts
    facts.withBytes { bytes in
      func field(_ name: EventFacts.Field) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: bytes[facts.range(of: name)])
      }
      let id = UnsafeRawBufferPointer(rebasing: bytes[facts.idRange])
      RoutingKey.writeStatus(
        state.status, lane: state.lane, channel: field(.channel), type: field(.type),
        to: &writer)
      ends[0] = writer.count
      StatusUpdateID.write(
        eventID: id, shard: source.shard, sequence: state.sequence, lineage: source.lineage,
        to: &writer)
      ends[1] = writer.count
      writer.write(id)
      ends[2] = writer.count
      writer.write(field(.traceParent))
      ends[3] = writer.count
      writer.write(field(.traceState))
      ends[4] = writer.count
    }
    StatusUpdate.write(
      state, facts: facts, occurredAt: record.occurredAt, recordedAt: record.recordedAt,
      reason: record.reason, shard: source.shard, lineage: source.lineage, lsn: record.lsn,
      to: &writer)
    ends[5] = writer.count
    self.init(
      lsn: record.lsn, key: record.key, blob: writer.array(), routingKey: 0..<ends[0],
      messageID: ends[0]..<ends[1], eventID: ends[1]..<ends[2],
      traceParent: ends[2]..<ends[3], traceState: ends[3]..<ends[4], body: ends[4]..<ends[5])
  }
}

extension TurnOutput {
  /// Publishes a status update.
  mutating func publish(_ entry: Outbox.Entry, at now: Timestamp) {
    let routingKey = add(entry.blob[entry.routingKey])
    let messageID = add(entry.blob[entry.messageID])
    var order = PublishOrder(
      link: .status, token: PublishToken(status: entry.lsn), exchange: .status,
      routingKey: routingKey, mandatory: false, messageID: messageID,
      timestamp: now, body: entry.blob, bodyRange: entry.body)
    order.correlationID = add(entry.blob[entry.eventID])
    order.type = add(EngineNames.status)
    order.contentType = add(EngineNames.json)
    order.headers = entry.blob.withUnsafeBytes { bytes in
      addTraceHeaders(parent: bytes[entry.traceParent], state: bytes[entry.traceState])
    }
    publishes.append(order)
  }

  /// The trace context of an event, as headers; empty where there is none.
  mutating func addTraceHeaders(
    parent: Slice<UnsafeRawBufferPointer>, state: Slice<UnsafeRawBufferPointer>
  ) -> Range<Int> {
    let start = headers.count
    if !parent.isEmpty {
      headers.append(HeaderOrder(name: "traceparent", value: add(parent)))
    }
    if !state.isEmpty {
      headers.append(HeaderOrder(name: "tracestate", value: add(state)))
    }
    return start..<headers.count
  }
}
