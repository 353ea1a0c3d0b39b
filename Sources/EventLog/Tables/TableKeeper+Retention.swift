internal import LogSequence

extension TableKeeper {
  /// Which of the oldest segments retention may look at.
  func reach(_ bounds: RetentionBounds) -> RetentionReach {
    RetentionReach(
      indexed, bounds, origin: origin.lsn, bytesTooMany: bytesTooMany(bounds.maxBytes))
  }

  /// What the store takes: sealed segments, derived files, and the segment that is written with
  /// the two that are prepared.
  var storeBytes: Int64 {
    let sealed =
      indexed.reduce(0) { $0 + $1.bytes } + pending.reduce(0) { $0 + ($1.end?.offset ?? 0) }
    let derived = tables.reduce(checkpoint?.header.fileBytes ?? 0) { $0 + $1.header.fileBytes }
    return sealed + derived + 3 * Int64(options.segmentBytes)
  }

  /// Whether the store takes more than it may.
  var isTooLarge: Bool { bytesTooMany(options.maxBytes) > 0 }

  /// Nothing while the store is within its bound; then a sixteenth of the bound more than it is
  /// beyond, so that a look, which reads tables, is worth it.
  private func bytesTooMany(_ most: Int64?) -> Int64 {
    guard let most else { return 0 }
    let bytes = storeBytes
    return bytes > most ? bytes - most + most / 16 : 0
  }

  /// How many bytes of tables a look reads.
  func bytesOfLook(_ reach: RetentionReach) -> Int64 {
    tables.prefix { $0.range.firstLSN <= reach.endLSN }.reduce(0) {
      $0 + Int64($1.header.pages * Table.pageBytes)
    }
  }

  /// Looks at the oldest segments, all that are old at once: those may go that lie before every
  /// record that is needed. A record is needed by an open event; by a final one whose newest record
  /// is young, within the bounds' patience; and when it is no event's and the newest of its kind.
  ///
  /// Reads each segment once, and verifies it; of their tables all, and of newer ones the pages of
  /// events that have a record there.
  func planRetention(
    _ bounds: RetentionBounds, _ pace: TablePace = .unheld
  ) throws(EventLogError) -> RetentionPlan {
    var reach = reach(bounds)
    guard reach.segments > 0, let first = indexed.first else { return RetentionPlan() }
    if let (sound, error) = try findDamage(reach, pace) {
      if sound == 0 {
        return options.dropsDamaged
          ? try planDamaged(first, error) : RetentionPlan(damage: error)
      }
      reach.limit(to: sound, of: indexed)
    }
    // Meanwhile others may be indexed.
    let (indexed, tables, coveredLSN) = (self.indexed, self.tables, self.coveredLSN)
    let old = tables.prefix { $0.range.firstLSN <= reach.endLSN }
    var pass = RetentionPass(
      reach, origin: origin.lsn, firstEnd: first.lastLSN, givesUp: options.dropsDamaged,
      entries: old.reduce(0) { $0 + $1.header.entries })
    let kinds = newestOfKind(tables).filter { $0 > 0 && $0 <= reach.endLSN }
    for lsn in kinds { pass.hold(lsn) }
    try look(old, tables[old.endIndex...], &pass, pace)
    var plan = RetentionPlan()
    plan.carries = try carries(kinds, pass)
    let gone = indexed.prefix(reach.segments).prefix { $0.lastLSN < pass.heldLSN }.map {
      RetentionProposal.Segment(id: $0.segment.id, lastLSN: $0.lastLSN)
    }
    plan.proposal = RetentionProposal(gone, finals: pass.finals, coveredLSN: coveredLSN)
    if plan.proposal == nil, plan.carries.isEmpty {
      let holder = indexed.first { pass.youngLSN <= $0.lastLSN }
      plan.youngUntil = holder?.lastLSN
    }
    return plan
  }

  /// Reads the segments that were not read before: how many come before the first damaged one, and
  /// what is wrong with that.
  private func findDamage(
    _ reach: RetentionReach, _ pace: TablePace
  ) throws(EventLogError) -> (sound: Int, error: EventLogError)? {
    var point = origin
    for (place, oldest) in indexed.prefix(reach.segments).enumerated() {
      if oldest.segment.id > verifiedThrough {
        do throws(EventLogError) {
          _ = try index(oldest.segment, after: point)
        } catch {
          guard error.isOfLog else { throw error }
          return (place, error)
        }
        verifiedThrough = oldest.segment.id
        try pace.breathe()
      }
      point = oldest.positions.range.end
    }
    return nil
  }

  /// To drop the oldest segment, which cannot be read whole: tables say what needs it.
  /// An open event is carried if the record that it needs can be read, and cannot go on if not.
  private func planDamaged(
    _ oldest: IndexedSegment, _ error: EventLogError
  ) throws(EventLogError) -> RetentionPlan {
    let fetcher = RecordFetcher(map, SegmentFiles(disk, paths))
    var plan = RetentionPlan()
    plan.carries = newestOfKind(tables).filter { 1...oldest.lastLSN ~= $0 }.map {
      CarryRequest(lsn: $0)
    }
    var ended = 0
    try forEachOpen { (entry) throws(EventLogError) in
      guard entry.base <= oldest.lastLSN else { return }
      var block: [UInt8] = []
      if entry.base > origin.lsn, (try? fetcher.fetch(entry.base, into: &block)) == true {
        let holder = RetentionPass.Holder(
          need: entry.base, lsn: entry.value.lsn, hash: entry.hash)
        plan.carries.append(CarryRequest(holder))
      } else {
        ended += 1
      }
    }
    guard plan.carries.isEmpty else { return plan }
    plan.proposal = RetentionProposal(
      [RetentionProposal.Segment(id: oldest.segment.id, lastLSN: oldest.lastLSN)],
      finals: BlockedFilter(blocks: 1), coveredLSN: coveredLSN)
    plan.proposal?.damage = StoreFinding(error)
    plan.proposal?.endedEvents = ended
    return plan
  }

  private func look(
    _ old: ArraySlice<Table>, _ newer: ArraySlice<Table>, _ pass: inout RetentionPass,
    _ pace: TablePace
  ) throws(EventLogError) {
    var cursors: [TableCursor] = []
    for table in old { cursors.append(try TableCursor(table, after: origin.lsn)) }
    let seekers = newer.map { TableSeeker($0) }
    var merge = EntryMerge(cursors)
    var unpaced = 0
    while let entry = try merge.next() {
      unpaced += 1
      if unpaced == Self.pacedEntries {
        try pace.hold(unpaced * TableEntry.bytes)
        unpaced = 0
      }
      guard pass.concerns(entry) else { continue }
      var known = entry
      for seeker in seekers where seeker.mayFind(entry.hash) {
        if let found = try seeker.find(entry.hash) { known.absorb(found) }
      }
      pass.take(known, treatsOpenAsFinal: options.breaks.has(.dropOpenEvents))
    }
  }

  private static let pacedEntries = 1 << 14

  /// Those that hold the oldest records first.
  private func carries(
    _ kinds: [LSN], _ pass: RetentionPass
  ) throws(EventLogError) -> [CarryRequest] {
    let (open, young) = pass.holders()
    var carries = kinds.map { CarryRequest(lsn: $0) } + open.map { CarryRequest($0) }
    let fetcher = RecordFetcher(map, SegmentFiles(disk, paths))
    for holder in young {
      var record: [UInt8] = []
      guard try fetcher.fetch(holder.lsn, into: &record) else { continue }
      RecordBlock(record, count: 1).forEach { view in
        carries.append(CarryRequest(holder, finalID: Array(view.id)))
      }
    }
    return carries.sorted { $0.heldLSN < $1.heldLSN }
  }

  /// The manifest begins behind these segments now: their files go, and nothing remembers them.
  func forget(through id: UInt64, origin: ChainPoint) throws(EventLogError) {
    assert(origin.lsn >= self.origin.lsn, "the log begins later with time")
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
    try Quarantine.tidy(disk, paths, before: id + 1)
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
