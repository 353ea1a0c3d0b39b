import JSON
import Messages

/// What a receipt says.
enum ReceiptNews {
  /// The event is durable, or was already.
  case taken(EventState, isDuplicate: Bool)
  /// What has come of a cancel.
  case cancel(CancelOutcome)
  /// The message, or the element, is parked.
  case refused(Rejection)
}

extension ReceiptNews {
  /// Appends the receipt.
  ///
  /// - Parameter eventID: empty when it could not be made out.
  func write(of eventID: UnsafeRawBufferPointer, to writer: inout ByteWriter) {
    switch self {
    case .taken(let state, let isDuplicate):
      let isCancelled = state.isCancelled && state.status == .ignored
      let outcome = CancelOutcome.cancelled(state.status, isRepeated: false)
      Receipt.write(
        eventID: eventID, isDuplicate: isDuplicate, status: state.status,
        reason: isCancelled ? outcome.reason : nil, to: &writer)
    case .cancel(let outcome):
      writeCancel(outcome, of: eventID, to: &writer)
    case .refused(let rejection):
      Receipt.writeRefused(eventID: eventID.isEmpty ? nil : eventID, rejection, to: &writer)
    }
  }

  private func writeCancel(
    _ outcome: CancelOutcome, of eventID: UnsafeRawBufferPointer, to writer: inout ByteWriter
  ) {
    switch outcome {
    case .cancelled(let status, let isRepeated):
      Receipt.write(
        eventID: eventID, isDuplicate: isRepeated, status: status, reason: outcome.reason,
        to: &writer)
    case .remembered(let isRepeated):
      Receipt.write(
        eventID: eventID, isDuplicate: isRepeated, status: nil, reason: outcome.reason,
        to: &writer)
    case .tooLate(let status):
      Receipt.write(
        eventID: eventID, isAccepted: false, isDuplicate: false, status: status,
        reason: outcome.reason, to: &writer)
    case .unavailable: break
    }
  }
}
