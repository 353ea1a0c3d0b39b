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
  /// It would go, and cannot be read.
  case damaged(EventLogError)
}

/// To remove the oldest segment, by what the tables know. The owner has the last word.
struct RetentionProposal: Equatable, Sendable {
  let segment: UInt64
  let lastLSN: UInt64
  /// The newest of the records, by the tables, of events that need one of this segment.
  let newestLSN: UInt64
  /// What the tables covered when this was decided.
  let coveredLSN: UInt64
  /// What is damaged in it, if anything, and how many events cannot go on without it.
  var damage: StoreFinding?
  var endedEvents = 0
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
    let contents: SegmentIndexer
    do throws(EventLogError) {
      contents = try index(segment, after: origin)
    } catch {
      guard error.isOfLog else { throw error }
      return options.dropsDamaged
        ? try planDamaged(oldest, through: oldLSN, error) : .damaged(error)
    }
    var carried = carryOfKinds(contents)
    var newestLSN = oldest.lastLSN
    for entry in contents.entries {
      let newest = try newestEntry(entry)
      let isNeeded = newest.base <= oldest.lastLSN
      if newest.isOpen, !options.breaks.has(.dropOpenEvents) {
        // What went with a damaged segment is not to be had any more.
        guard isNeeded, !(options.dropsDamaged && newest.base <= origin.lsn) else { continue }
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

  /// The same of a segment that cannot be read whole: what needs it is known from the tables. An
  /// open event is carried if the record that it needs can be read, and cannot go on if not.
  private func planDamaged(
    _ oldest: IndexedSegment, through oldLSN: UInt64, _ error: EventLogError
  ) throws(EventLogError) -> RetentionPlan {
    let fetcher = RecordFetcher(map, SegmentFiles(disk, paths))
    var carried = newestOfKind(tables).filter { 1...oldest.lastLSN ~= $0 }.map {
      CarryRequest(lsn: $0, hash: EventHash(high: 0, low: 0), isEvent: false)
    }
    var ended = 0
    try forEachOpen { (entry) throws(EventLogError) in
      guard entry.base <= oldest.lastLSN else { return }
      var block: [UInt8] = []
      if entry.base > origin.lsn, (try? fetcher.fetch(entry.base, into: &block)) == true {
        carried.append(CarryRequest(lsn: entry.value.lsn, hash: entry.hash, isEvent: true))
      } else {
        ended += 1
      }
    }
    if !carried.isEmpty { return .carry(carried) }
    return .drop(
      RetentionProposal(
        segment: oldest.segment.id, lastLSN: oldest.lastLSN, newestLSN: oldLSN,
        coveredLSN: coveredLSN, damage: StoreFinding(error), endedEvents: ended))
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
