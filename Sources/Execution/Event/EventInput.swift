import LogSequence

/// What an event is asked to take.
enum EventInput {
  /// An element of a message: the event itself, new or again.
  case event(message: MessageSlot, element: Range<Int>)
  /// An element of a message: a delivery log.
  case log(message: MessageSlot, element: Range<Int>)
  /// Its time has come: schedule or expiration.
  case due
  /// Its next try is due, if that was ordered by the record with this LSN.
  case retry(lsn: LSN)
  /// Retention wants to remove its earlier records.
  case carry
  /// The same of an event that was final by the record with this LSN.
  case carryFinal(lsn: LSN)
  /// No delivery log has come in time since the record with this LSN.
  case logTimeout(lsn: LSN)
  /// Its time has come, and its turn in the rate of its lane.
  case paced
  /// A person wants another attempt. `sequence`: only if the event has not moved on since; 0: in
  /// any case. `isResend`: the same delivery once more, whatever came of the last.
  case redrive(token: UInt64, sequence: UInt32, isResend: Bool)
  /// An element of a message: nothing more of the event is to go out.
  case cancel(message: MessageSlot, element: Range<Int>)
  /// The same, from a person. `id`: of the event.
  case cancelOrder(token: UInt64, id: [UInt8])
}

/// An answer that is given when an event's newest record is durable.
enum PendingAnswer {
  /// A receipt to the `reply_to` of a message.
  case receipt(message: MessageSlot)
  /// A redrive has begun, by the caller's token.
  case redrive(token: UInt64)
  case cancel(CancelSource)
}

/// The messages that wait for one event: nearly always one, which costs no allocation.
struct Waiters {
  private var first = MessageSlot.none
  private var others: [MessageSlot] = []

  var isEmpty: Bool { first.isNone }

  mutating func append(_ message: MessageSlot) {
    if first.isNone { first = message } else { others.append(message) }
  }

  func forEach(_ body: (MessageSlot) -> Void) {
    guard !first.isNone else { return }
    body(first)
    others.forEach(body)
  }

  /// Empties it, handing each to `body` in order.
  mutating func removeAll(_ body: (MessageSlot) -> Void) {
    guard !first.isNone else { return }
    body(first)
    for message in others { body(message) }
    first = .none
    if !others.isEmpty { others = [] }
  }
}
