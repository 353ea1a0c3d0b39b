package import LogSequence
package import Messages

/// A record to append to the event log. Ranges lie in `TurnOutput.bytes`.
package struct AppendOrder: Sendable {
  package var lsn: LSN
  package var kind: RecordKind
  /// Nil for a record that is about no event.
  package var key: EventKey?
  package var status: UInt8
  package var previousStatus: UInt8
  package var isFinal: Bool
  /// Whether a start has to be shown the event, for it to go on.
  package var isDriven: Bool
  package var isPublished: Bool
  package var attempt: UInt16
  package var time: Timestamp
  package var previousLSN: LSN
  package var id: ByteRange
  package var payload: ByteRange
}

/// A record to read back. The answer carries the token.
package struct ReadOrder: Sendable {
  package enum Target: Sendable {
    /// The newest record of the event with this id.
    case newest(id: [UInt8])
    case record(lsn: LSN)
  }
  package var token: UInt64
  package var target: Target
}

package enum OutboundExchange: Sendable {
  case deliveries, status, parked
  /// The default exchange: straight to the queue that the routing key names.
  case direct
}

/// A header of a publish; the value lies in `TurnOutput.bytes` and is written as a long string.
package struct HeaderOrder: Sendable {
  package var name: StaticString
  package var value: ByteRange
}

/// A message to publish. Ranges lie in `TurnOutput.bytes` unless said otherwise.
package struct PublishOrder: Sendable {
  package var link: PublishLink
  package var token: PublishToken
  package var exchange: OutboundExchange
  package var routingKey: ByteRange
  package var mandatory: Bool
  package var messageID: ByteRange
  package var correlationID = ByteRange.none
  package var replyTo = ByteRange.none
  package var type = ByteRange.none
  package var contentType = ByteRange.none
  package var contentEncoding = ByteRange.none
  package var appID = ByteRange.none
  package var priority: UInt8?
  package var timestamp: Timestamp
  /// The `timestamp` of a parked message as it came, in place of the other one.
  package var originalTimestampSeconds: UInt64?
  /// Entries of `TurnOutput.headers`.
  package var headers = 0..<0
  /// Raw header table entries to keep, in `body`'s buffer: those of a parked message.
  package var originalHeaders = ByteRange.none
  package var body: [UInt8]
  package var bodyRange: Range<Int>
}

/// A message that needs no more from the broker: acknowledge it, or, if `isRejected`, give it back
/// without requeueing, so that the broker dead-letters it.
package struct Settlement: Sendable, Equatable {
  package var inlet: Inlet
  package var channelEpoch: UInt32
  package var deliveryTag: UInt64
  package var isRejected = false
}

/// What the engine wants done, in the order of the properties. The shell carries it out after
/// a turn and calls `removeAll`; the buffers are used again.
package struct TurnOutput: Sendable {
  package var bytes: [UInt8] = []
  package var appends: [AppendOrder] = []
  package var reads: [ReadOrder] = []
  /// Publishing connections to give up after all else: to be told of as lost, and opened again.
  package var abandonedLinks: [PublishLink] = []
  /// Publishing connections to have another channel: to be told of as lost and opened again.
  package var renewedLinks: [PublishLink] = []
  /// Publishing connections to open, and to keep open from now on.
  package var openLinks: [LinkOrder] = []
  /// Read published records from this LSN on, for the outbox.
  package var rangeRead: LSN?
  /// Read all event records from this LSN on, for the log timeouts.
  package var watchRead: LSN?
  /// Read all event records from this LSN on, for totals that recovery could not count.
  package var totalsRead: LSN?
  package var headers: [HeaderOrder] = []
  package var publishes: [PublishOrder] = []
  package var settlements: [Settlement] = []
  package var redrives: [RedriveAnswer] = []
  package var cancels: [CancelAnswer] = []

  package init() {}

  package var isEmpty: Bool {
    appends.isEmpty && reads.isEmpty && publishes.isEmpty && settlements.isEmpty && redrives.isEmpty
      && cancels.isEmpty && abandonedLinks.isEmpty && renewedLinks.isEmpty && openLinks.isEmpty
      && rangeRead == nil && watchRead == nil && totalsRead == nil
  }

  package mutating func removeAll() {
    bytes.removeAll(keepingCapacity: bytes.capacity <= 4 << 20)
    appends.removeAll(keepingCapacity: true)
    reads.removeAll(keepingCapacity: true)
    abandonedLinks.removeAll()
    renewedLinks.removeAll()
    openLinks.removeAll()
    rangeRead = nil
    watchRead = nil
    totalsRead = nil
    headers.removeAll(keepingCapacity: true)
    publishes.removeAll(keepingCapacity: true)
    settlements.removeAll(keepingCapacity: true)
    redrives.removeAll()
    cancels.removeAll()
  }

  /// What has been written to `bytes` since it had so many of them.
  func bytes(from start: Int) -> ByteRange {
    assert(start <= bytes.count, "bytes are only added in a turn")
    return ByteRange(offset: start, count: bytes.count - start)
  }

  mutating func add(_ text: some Collection<UInt8>) -> ByteRange {
    let start = bytes.count
    bytes.append(contentsOf: text)
    return ByteRange(offset: start, count: bytes.count - start)
  }
}
