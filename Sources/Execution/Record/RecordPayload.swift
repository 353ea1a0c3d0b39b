import LogSequence
package import Messages

/// The payload of an event's record: the state after the transition, the facts of the event, why
/// and when, and, in the `accepted` record and in a `carried` one, the body as it came.
///
/// Format, little-endian (version 1):
///
/// | at | bytes | what |
/// |---|---|---|
/// | 0 | 1 | version |
/// | 1 | 1 | lane |
/// | 2 | 1 | status |
/// | 3 | 1 | previous status, 0 for none |
/// | 4 | 4 | sequence |
/// | 8 | 2 | attempt |
/// | 10 | 2 | error count |
/// | 12 | 4 | bytes of the body |
/// | 16 | 8 | LSN of the record that holds the body |
/// | 24 | 8 | accepted at; this and the next five: unix nanoseconds, 0 for none |
/// | 32 | 8 | due at |
/// | 40 | 8 | expiration |
/// | 48 | 8 | when the delivery log that the status is from counts as having occurred |
/// | 56 | 8 | when the transition occurred: for a delivery log its own `occurredAt` |
/// | 64 | 8 | when delivering was first due |
/// | 72 | 2 | bytes of the facts |
/// | 74 | 2 | bytes of the reason's code |
/// | 76 | 2 | bytes of the reason's text |
/// | 78 | 2 | bytes of the delivery engine's message id |
/// | 80 | 1 | publishes again for want of a log |
/// | 81 | 1 | 1: cancelled in this attempt |
/// | 82 | 1 | the number of `FutureLogs`, none in most records |
/// | 83 | 1 | 1 when the time at 48 is the arrival of one of those |
/// | 84 | 4 | zero |
/// | 88 | | the four counted at 72 to 79, the future logs, then the body |
package struct RecordPayload {
  static let headerBytes = 88
  static let version: UInt8 = 1

  package var state: EventState
  package var occurredAt: Timestamp
  let bytes: UnsafeRawBufferPointer
  let facts: Range<Int>
  let reasonCode: Range<Int>
  let reasonText: Range<Int>
  let providerMessageID: Range<Int>
  let body: Range<Int>

  /// Nil when the bytes are not such a payload: the record is damaged or from a newer program.
  package init?(_ bytes: UnsafeRawBufferPointer) {
    guard bytes.count >= Self.headerBytes, bytes[0] == Self.version,
      let lane = Lane(rawValue: bytes[1]), let status = Status(rawValue: bytes[2])
    else { return nil }
    func integer<T: FixedWidthInteger>(_ at: Int, _: T.Type) -> T {
      T(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: T.self))
    }
    func time(_ at: Int) -> Timestamp { Timestamp(nanoseconds: integer(at, Int64.self)) }
    state = EventState(lane: lane, acceptedAt: time(24), bodyLSN: LSN(integer(16, UInt64.self)))
    state.status = status
    state.previousStatus = Status(rawValue: bytes[3])
    state.sequence = integer(4, UInt32.self)
    state.attempt = integer(8, UInt16.self)
    state.errorCount = integer(10, UInt16.self)
    state.dueAt = time(32)
    state.expiration = time(40)
    state.logOccurredAt = time(48)
    occurredAt = time(56)
    state.startedAt = time(64)
    state.logTimeouts = bytes[80]
    state.isCancelled = bytes[81] & 1 != 0
    self.bytes = bytes
    var at = Self.headerBytes
    func part(_ count: Int) -> Range<Int> {
      defer { at += count }
      return at..<at + count
    }
    facts = part(Int(integer(72, UInt16.self)))
    reasonCode = part(Int(integer(74, UInt16.self)))
    reasonText = part(Int(integer(76, UInt16.self)))
    providerMessageID = part(Int(integer(78, UInt16.self)))
    if bytes[82] > 0 {
      let range = part(Int(bytes[82]) * 8)
      guard range.upperBound <= bytes.count,
        let logs = FutureLogs(
          UnsafeRawBufferPointer(rebasing: bytes[range]), decides: bytes[83] == 1)
      else { return nil }
      state.futureLogs = logs
    }
    body = part(Int(integer(12, UInt32.self)))
    guard at == bytes.count else { return nil }
  }

  func part(_ range: Range<Int>) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: bytes[range])
  }

  /// The event as it came; empty unless the record is the `accepted` or a `carried` one.
  package var bodyBytes: UnsafeRawBufferPointer { part(body) }

  /// The code of the reason; empty for none.
  package var reasonCodeBytes: UnsafeRawBufferPointer { part(reasonCode) }

  func facts(id: UnsafeRawBufferPointer) -> EventFacts? {
    EventFacts(stored: part(facts), id: id)
  }
}

/// Why a transition happened, for its record and its status update.
struct TransitionReason: Sendable, Equatable {
  var code: [UInt8] = []
  /// One sentence; cut at `maxTextBytes` when it is written.
  var text: [UInt8] = []
  var providerMessageID: [UInt8] = []

  static let maxTextBytes = 1_024
  static let none = TransitionReason()
}

extension RecordPayload {
  /// Appends a payload's bytes. A reason's text beyond `TransitionReason.maxTextBytes` is cut.
  static func write(
    _ state: EventState, facts: EventFacts, occurredAt: Timestamp, reason: TransitionReason,
    body: UnsafeRawBufferPointer, to bytes: inout [UInt8]
  ) {
    func append<T: FixedWidthInteger>(_ value: T) {
      withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }
    let text = utf8Prefix(of: reason.text, maxBytes: TransitionReason.maxTextBytes)
    bytes.append(version)
    bytes.append(state.lane.rawValue)
    bytes.append(state.status.rawValue)
    bytes.append(state.previousStatus?.rawValue ?? 0)
    append(state.sequence)
    append(state.attempt)
    append(state.errorCount)
    append(UInt32(body.count))
    append(state.bodyLSN.rawValue)
    append(state.acceptedAt.nanoseconds)
    append(state.dueAt.nanoseconds)
    append(state.expiration.nanoseconds)
    append(state.logOccurredAt.nanoseconds)
    append(occurredAt.nanoseconds)
    append(state.startedAt.nanoseconds)
    append(UInt16(facts.storedCount))
    append(UInt16(reason.code.count))
    append(UInt16(text.count))
    append(UInt16(reason.providerMessageID.count))
    append(
      UInt64(state.logTimeouts) | (state.isCancelled ? 1 << 8 : 0)
        | UInt64(state.futureLogs.count) << 16 | (state.futureLogs.decides ? 1 << 24 : 0))
    facts.withBytes { bytes.append(contentsOf: $0[..<facts.storedCount]) }
    bytes.append(contentsOf: reason.code)
    bytes.append(contentsOf: text)
    bytes.append(contentsOf: reason.providerMessageID)
    state.futureLogs.write(to: &bytes)
    bytes.append(contentsOf: body)
  }

  /// The longest prefix that does not end inside a character.
  private static func utf8Prefix(of text: [UInt8], maxBytes: Int) -> ArraySlice<UInt8> {
    guard text.count > maxBytes else { return text[...] }
    var end = maxBytes
    while end > 0, text[end] & 0xC0 == 0x80 { end -= 1 }
    return text[..<end]
  }
}
