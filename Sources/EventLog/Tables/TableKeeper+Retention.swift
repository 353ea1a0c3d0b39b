/// An event, or a record that is no event's, that holds an old segment back: retention goes on
/// when the owner has appended a record that stands for it.
package struct CarryRequest: Hashable, Sendable {
  /// The newest record of the event, or of its kind.
  package let lsn: UInt64
  /// Of the event; meaningless when it is none.
  package let hash: EventHash
  /// False for a record that is no event's: its owner appends a newer one of the kind.
  package let isEvent: Bool
}

/// What may be done about the oldest segment.
enum RetentionPlan: Equatable {
  /// It is not old enough, or the owner needs it.
  case nothing
  /// An event holds it back whose newest record is young: one of a segment with this latest time.
  case young(latest: Int64)
  /// These hold it back, and nothing else that would not pass by itself.
  case carry([CarryRequest])
  case drop(RetentionProposal)
}

/// To remove the oldest segment, by what the tables know. The owner has the last word.
struct RetentionProposal: Equatable, Sendable {
  let segment: UInt64
  let lastLSN: UInt64
  /// The newest of the records, by the tables, of events that need one of this segment.
  let newestLSN: UInt64
  /// What the tables covered when this was decided.
  let coveredLSN: UInt64
}

extension TableKeeper {
  /// Looks at the oldest segment: it may go when it lies before `keepFrom`, and every event with
  /// a record in it is final with a newest record from before `cutoff` (unix ns), or needs no
  /// record of it. Reads the segment, and verifies it on the way.
  func planRetention(cutoff: Int64, keepFrom: UInt64) throws(EventLogError) -> RetentionPlan {
    guard let oldest = indexed.first, oldest.lastLSN < keepFrom else { return .nothing }
    let old = indexed.prefix { $0.positions.latest < cutoff }
    guard let oldLSN = old.last?.lastLSN, let segment = old.first?.segment else {
      return .nothing
    }
    let file = try Recovery.open(disk, paths.segment(segment.id), .read, segment)
    defer { file.closeQuietly() }
    let contents = try SegmentIndexer(
      segment, file, store: store, after: origin, maxEpoch: maxEpoch)
    var carried = carryOfKinds(contents)
    var newestLSN = oldest.lastLSN
    for entry in contents.entries {
      let newest = try newestEntry(entry)
      let isNeeded = newest.base <= oldest.lastLSN
      if newest.isOpen, !options.breaks.has(.dropOpenEvents) {
        guard isNeeded else { continue }
        carried.append(CarryRequest(lsn: newest.value.lsn, hash: entry.hash, isEvent: true))
      } else if newest.value.lsn > oldLSN, isNeeded {
        let holder = indexed.first { newest.value.lsn <= $0.lastLSN }
        return .young(latest: holder?.positions.latest ?? cutoff)
      } else if isNeeded {
        newestLSN = max(newestLSN, newest.value.lsn)
      }
    }
    if !carried.isEmpty { return .carry(carried) }
    return .drop(
      RetentionProposal(
        segment: segment.id, lastLSN: oldest.lastLSN, newestLSN: newestLSN,
        coveredLSN: coveredLSN))
  }

  /// Records of the segment that are no event's and the newest of their kind.
  private func carryOfKinds(_ contents: SegmentIndexer) -> [CarryRequest] {
    let newest = newestOfKind(tables)
    return contents.newestOfKind.enumerated().compactMap { kind, lsn in
      guard lsn > 0, newest[kind] <= lsn else { return nil }
      return CarryRequest(lsn: lsn, hash: EventHash(high: 0, low: 0), isEvent: false)
    }
  }

  /// What all tables say of the event of an entry.
  private func newestEntry(_ entry: TableEntry) throws(EventLogError) -> TableEntry {
    var known = entry
    for table in published.set.suspects(entry.hash) {
      guard let found = try table.find(entry.hash) else { continue }
      known.absorb(found)
      // Newest first: older tables add the base at most, which a final event does not need.
      if !known.isOpen || known.base > entry.base { break }
    }
    return known
  }

  /// The manifest begins behind these segments now: their files go, and nothing remembers them.
  func forget(through id: UInt64, origin: ChainPoint) throws(EventLogError) {
    self.origin = origin
    let gone = indexed.filter { $0.segment.id <= id }
    indexed.removeAll { $0.segment.id <= id }
    let dead = tables.filter { $0.range.last <= id }
    tables.removeAll { $0.range.last <= id }
    map.forget(through: id)
    publish()
    for segment in gone {
      try disk.removeIfPresent(paths.positions(segment.segment.id))
      try disk.removeIfPresent(paths.segment(segment.segment.id))
    }
    for table in dead { try disk.removeIfPresent(table.file.path) }
    try disk.syncNames(paths.segments)
  }
}

extension SegmentWriter {
  /// Takes the segments up to this one out of the manifest: from then on they are gone, whether
  /// their files are or not. Where the log begins afterwards; nil when there is nothing to drop.
  func drop(through id: UInt64) throws(EventLogError) -> ChainPoint? {
    let gone = manifest.segments.prefix { $0.id <= id }
    guard let end = gone.last?.end, gone.count < manifest.segments.count else { return nil }
    var next = manifest
    next.origin = end.point
    next.segments.removeFirst(gone.count)
    next.generation += 1
    try replaceManifest(next)
    return end.point
  }
}
