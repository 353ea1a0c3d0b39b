internal import LogSequence

extension Recovery {
  /// What the derived files give: the open events in memory, and which records the owner wants.
  struct OpenEvents {
    let index: EventIndex
    /// LSNs in order.
    var wanted: [LSN] = []
  }

  /// Brings the derived files in step and takes the open events from them. A damaged one is
  /// removed and made again from the log.
  func openIndex(
    _ keeper: TableKeeper, _ manifest: Manifest
  ) throws(EventLogError) -> OpenEvents {
    var last: EventLogError?
    // One attempt for each file that can be damaged, within reason.
    for _ in 0..<1000 {
      do throws(EventLogError) {
        try keeper.open(manifest)
        return try openEvents(keeper)
      } catch {
        guard error.code == .derivedDamaged else { throw error }
        try options.disk.removeIfPresent(error.file)
        last = error
      }
    }
    throw last ?? EventLogError(.readFailed, "the index could not be made", file: paths.index)
  }

  private func openEvents(_ keeper: TableKeeper) throws(EventLogError) -> OpenEvents {
    var open = OpenEvents(index: EventIndex())
    var part: [(fingerprint: UInt64, value: IndexValue)] = []
    try keeper.forEachOpen { entry in
      let fingerprint = entry.hash.high & options.fingerprintMask
      if let last = part.last, EventIndex.part(last.fingerprint) != EventIndex.part(fingerprint) {
        open.index.add(part)
        part.removeAll(keepingCapacity: true)
      }
      part.append((fingerprint, entry.value))
      if options.replays(entry.value.location) { open.wanted.append(entry.value.lsn) }
    }
    open.index.add(part)
    for lsn in keeper.newestOfKind(keeper.tables) where lsn > 0 { open.wanted.append(lsn) }
    open.wanted.sort()
    return open
  }

  /// Gives the owner the records it wants.
  func replay(
    _ open: OpenEvents, _ map: SegmentMap, _ body: (RecordView) throws -> Void
  ) throws(EventLogError) {
    let fetcher = RecordFetcher(map, SegmentFiles(options.disk, paths))
    try fetcher.forEach(open.wanted) { (view) throws(EventLogError) in
      do {
        try body(view)
      } catch let error as EventLogError {
        throw error
      } catch {
        throw EventLogError(.replayRefused, "\(error)", file: paths.segments)
      }
    }
  }
}
