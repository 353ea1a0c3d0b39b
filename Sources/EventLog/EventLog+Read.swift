package import LogSequence

// Lookups and reads.
extension EventLog {
  /// The keyed hash of an id, as `append` wants it in the header.
  package func hash(of id: UnsafeRawBufferPointer) -> EventHash { SipHash.hash(id, key: key) }

  /// Announces a `lookup` or `append` a few events ahead: worth a third of their time in a batch.
  package func prefetch(_ hash: EventHash) {
    index.prefetch(hash.high & mask)
    tables.prefetch(hash)
  }

  /// What memory knows of an event; no disk is touched.
  package func lookup(_ hash: EventHash) -> EventPresence {
    catchUpIndex()
    if let value = index.first(hash.high & mask) { return .found(value.location) }
    refreshTables()
    return tables.mayContain(hash) ? .stored : .absent
  }

  /// Hands requests to the reader thread; one answer each comes through `onRead`, in order. Ids
  /// are looked up now, so a request sees what was appended before it.
  package func read(_ requests: [ReadRequest]) {
    catchUpIndex()
    reader.add(requests.map(resolve))
  }

  /// Durable records from `first` on, in LSN order, about `limitBytes` of them (at least one if
  /// there is any): how status updates are published from the log. An empty block means that
  /// nothing from `first` on is durable yet.
  package func readRange(from first: LSN, limitBytes: Int, token: UInt64) {
    read([ReadRequest(token: token, .range(from: first, limitBytes: limitBytes))])
  }

  private func resolve(_ request: ReadRequest) -> ReaderThread.ResolvedRequest {
    switch request.target {
    case .newest(let id), .history(let id):
      let hash = id.withBytes { self.hash(of: $0) }
      let candidates = index.candidates(hash.high & mask).map(\.lsn).sorted(by: >)
      refreshTables()
      return ReaderThread.ResolvedRequest(
        request: request, candidates: candidates, hash: hash, tables: tables)
    case .record(let lsn):
      // A record nobody appended is absent, not waited for.
      let isAppended = lsn > 0 && lsn < nextLSN
      return ReaderThread.ResolvedRequest(
        request: isAppended ? request : ReadRequest(token: request.token, .record(lsn: 0)),
        candidates: isAppended ? [lsn] : [])
    case .range:
      return ReaderThread.ResolvedRequest(request: request, candidates: [])
    }
  }
}
