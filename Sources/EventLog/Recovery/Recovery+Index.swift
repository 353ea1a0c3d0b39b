extension Recovery {
  /// What the derived files give: the open events in memory, and which records the owner wants.
  struct OpenEvents {
    let index: EventIndex
    /// LSNs in order.
    var wanted: [UInt64] = []
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
        guard error.isDerived else { throw error }
        try options.disk.removeIfPresent(error.file)
        last = error
      }
    }
    throw last ?? EventLogError(.readFailed, "the index could not be made", file: paths.index)
  }

  private func openEvents(_ keeper: TableKeeper) throws(EventLogError) -> OpenEvents {
    var open = OpenEvents(index: EventIndex())
    try keeper.forEachOpen { entry in
      let isNew = open.index.update(
        entry.hash.high & options.fingerprintMask, previous: 0, to: entry.value)
      precondition(isNew, "the first record of an event is always taken")
      if options.replays(entry.value.location) { open.wanted.append(entry.value.lsn) }
    }
    for lsn in keeper.newestOfKind(keeper.tables) where lsn > 0 { open.wanted.append(lsn) }
    open.wanted.sort()
    return open
  }

  /// Gives the owner the records it wants, read back one by one.
  func replay(
    _ open: OpenEvents, _ map: SegmentMap, _ body: (RecordView) throws -> Void
  ) throws(EventLogError) {
    let fetcher = RecordFetcher(map, SegmentFiles(options.disk, paths))
    var bytes: [UInt8] = []
    for lsn in open.wanted {
      bytes.removeAll(keepingCapacity: true)
      guard try fetcher.fetch(lsn, into: &bytes) else {
        throw .damaged(paths.segments, nil, "record \(lsn), the newest of its event, is gone")
      }
      do {
        try RecordBlock(bytes, count: 1).forEach { try body($0) }
      } catch let error as EventLogError {
        throw error
      } catch {
        throw EventLogError(.replayRefused, "\(error)", file: paths.segments)
      }
    }
  }
}
