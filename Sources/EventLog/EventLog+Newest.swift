package import LogSequence

extension EventLog {
  /// Whether the record with this LSN, which belongs to the event of this hash, is still the
  /// event's newest. Never blocks.
  package func isNewest(_ lsn: LSN, of hash: EventHash) -> Bool {
    catchUpIndex()
    return index.candidates(hash.high & mask).contains { $0.lsn == lsn }
  }
}
