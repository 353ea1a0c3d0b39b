import LogSequence
import Messages

extension AppendOrder {
  /// A record that is no part of an event's history.
  ///
  /// - Parameters:
  ///   - isOpen: whether a start has to be shown it.
  ///   - key, id: what it is found by; nil and none for a position record.
  init(
    _ kind: RecordKind, lsn: LSN, key: EventKey?, id: ByteRange, isOpen: Bool,
    previousLSN: LSN, payload: ByteRange, at now: Timestamp
  ) {
    self.init(
      lsn: lsn, kind: kind, key: key, status: 0, previousStatus: 0, isFinal: !isOpen,
      isDriven: isOpen, isPublished: false, attempt: 0, time: now, previousLSN: previousLSN,
      id: id, payload: payload)
  }
}
