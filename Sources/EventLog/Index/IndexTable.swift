internal import CSystemCalls
internal import LogSequence

/// One sub-table of the index: slots of 16 bytes in address space that is reserved for it, linear
/// probing without wrapping round.
///
/// It grows in place: a fingerprint's home is its share of the homes there are, so that every home
/// moves up, and the slots are put in their new places from the last one down. Nothing is mapped
/// or unmapped meanwhile, which would interrupt every thread of the process.
struct IndexTable {
  struct Slot {
    var fingerprint: UInt64
    var value: UInt64
  }

  private var slots: UnsafeMutablePointer<Slot>?
  /// Slots that a fingerprint may be at home in; behind them is room for those pushed on.
  private var homes: UInt32 = 0
  private var count: UInt32 = 0
  /// In use. The last slot of the last page is always empty: there every search ends.
  private var pages: UInt32 = 0
  private var writablePages: UInt32 = 0
  private var reservedPages: UInt32
  private var ownsReservation = false

  static let pageBytes = 4096
  private static let slotsPerPage = UInt32(pageBytes / MemoryLayout<Slot>.stride)
  /// Room behind the homes; where it does not do, another page is added.
  private static let spareSlots: UInt32 = 16
  private static let keptPages: UInt32 = 4

  /// `reserved`: address space that outlives the table, `reservedPages` of it; when it is outgrown
  /// the table moves to its own.
  init(in reserved: UnsafeMutableRawPointer?, reservedPages: Int) {
    slots = reserved?.assumingMemoryBound(to: Slot.self)
    self.reservedPages = reserved == nil ? 0 : UInt32(reservedPages)
  }

  var bytes: Int { Int(pages) * Self.pageBytes }

  private var end: Int { Int(pages * Self.slotsPerPage) }

  mutating func insert(_ fingerprint: UInt64, _ value: IndexValue) {
    // Load stays at or below 0.8.
    if UInt64(count + 1) * 5 > UInt64(homes + Self.spareSlots) * 4 || pages == 0 { grow() }
    assert(value.word != 0, "no value looks like a free slot")
    place(fingerprint, value.word)
    count += 1
    assert(Int(count) < end, "there is always a free slot")
  }

  /// What the slot held that holds `previous`; nil when none does: nothing was changed.
  @inline(__always)
  mutating func replace(
    _ fingerprint: UInt64, previous: LSN, with value: IndexValue
  ) -> IndexValue? {
    guard let slots, pages > 0 else { return nil }
    var at = position(fingerprint)
    while slots[at].value != 0 {
      let before = IndexValue(word: slots[at].value)
      if slots[at].fingerprint == fingerprint, before.lsn == previous {
        slots[at].value = value.word
        return before
      }
      at &+= 1
    }
    return nil
  }

  /// Brings the first slot of the fingerprint into the cache.
  @inline(__always)
  func prefetch(_ fingerprint: UInt64) {
    if let slots { csystem_prefetch(slots + position(fingerprint)) }
  }

  /// Every value under the fingerprint, until `body` returns false.
  @inline(__always)
  func forEach(_ fingerprint: UInt64, _ body: (IndexValue) -> Bool) {
    guard let slots, pages > 0 else { return }
    var at = position(fingerprint)
    while slots[at].value != 0 {
      if slots[at].fingerprint == fingerprint, !body(IndexValue(word: slots[at].value)) { return }
      at &+= 1
    }
  }

  /// Room for so many events, if it is empty.
  mutating func reserve(_ events: Int) {
    guard pages == 0, events > 0 else { return }
    enlarge(to: UInt32(events + events / 4) / Self.slotsPerPage + 1)
    useAllPages()
  }

  /// Removes what is final and at or before `lsn`; how many. Gives memory back when little is
  /// left, but for the first pages.
  mutating func removeFinal(through lsn: LSN) -> Int {
    guard let slots, pages > 0 else { return 0 }
    var kept: [Slot] = []
    for at in 0..<end where slots[at].value != 0 {
      let value = IndexValue(word: slots[at].value)
      if value.lsn > lsn || !value.flags.contains(.final) { kept.append(slots[at]) }
    }
    let removed = Int(count) - kept.count
    assert(removed >= 0, "as many slots are taken as are counted")
    guard removed > 0 else { return 0 }
    count = UInt32(kept.count)
    // Room for as much again at 0.6, in whole pages.
    let wanted = max(
      Self.keptPages, (UInt32(kept.count) * 5 / 3 + Self.slotsPerPage) / Self.slotsPerPage)
    if wanted * 2 <= pages {
      csystem_forget(slots + Int(wanted * Self.slotsPerPage), Int(pages - wanted) * Self.pageBytes)
      pages = wanted
      useAllPages()
    }
    slots.update(repeating: Slot(fingerprint: 0, value: 0), count: end)
    for slot in kept { place(slot.fingerprint, slot.value) }
    return removed
  }

  mutating func free() {
    if ownsReservation, let slots { csystem_unmap(slots, Int(reservedPages) * Self.pageBytes) }
    self = IndexTable(in: nil, reservedPages: 0)
  }

  /// The fingerprint's bits below those that chose the table, scaled to the homes: monotonic, so
  /// that a home only ever moves up when there are more.
  @inline(__always)
  private func position(_ fingerprint: UInt64) -> Int {
    let below = fingerprint << EventIndex.tableBits
    return Int(below.multipliedFullWidth(by: UInt64(homes)).high)
  }

  @inline(__always)
  private mutating func place(_ fingerprint: UInt64, _ word: UInt64) {
    guard let slots else { return }
    assert(homes > 0, "a table without pages has no places")
    var at = position(fingerprint)
    while slots[at].value != 0 { at &+= 1 }
    assert(at < end, "a free slot is behind every home")
    slots[at] = Slot(fingerprint: fingerprint, value: word)
    if at + 1 == end { enlarge(to: pages + 1) }
  }

  private mutating func grow() {
    let oldEnd = end
    enlarge(to: pages + max(1, pages / 5))
    useAllPages()
    rehash(oldEnd)
  }

  /// All slots but the spare ones are homes now.
  private mutating func useAllPages() {
    assert(pages > 0, "there is a page")
    homes = pages * Self.slotsPerPage - Self.spareSlots
  }

  /// Puts every slot before `oldEnd` in its new place, a run of slots without a gap at a time,
  /// the last one first: none of them was at home before the run, so none comes before it now.
  private mutating func rehash(_ oldEnd: Int) {
    var run: [Slot] = []
    var at = oldEnd
    while let slots, at > 0 {
      at -= 1
      if slots[at].value == 0 { continue }
      run.removeAll(keepingCapacity: true)
      run.append(slots[at])
      while at > 0, slots[at - 1].value != 0 {
        at -= 1
        run.append(slots[at])
      }
      (slots + at).update(repeating: Slot(fingerprint: 0, value: 0), count: run.count)
      for slot in run { place(slot.fingerprint, slot.value) }
    }
  }

  /// More pages, empty ones; the slots stay where they are, or move as they are to more address
  /// space.
  private mutating func enlarge(to wanted: UInt32) {
    if wanted > reservedPages { move(reserving: max(wanted * 2, reservedPages * 4, 16)) }
    makeWritable(wanted)
    pages = wanted
    assert(pages <= writablePages && writablePages <= reservedPages, "pages are reserved")
  }

  private mutating func makeWritable(_ wanted: UInt32) {
    guard let slots else { return }
    let start = UnsafeMutableRawPointer(slots)
    let used = Int(pages) * Self.pageBytes
    if wanted > writablePages {
      let writable = Int(writablePages) * Self.pageBytes
      let answer = csystem_make_writable(
        start + writable, Int(wanted - writablePages) * Self.pageBytes)
      // Not outside input: without memory for 16 bytes an event nothing can go on.
      precondition(answer == 0, "no memory for the index of the event log: errno \(-answer)")
      writablePages = wanted
    }
    csystem_populate(start + used, Int(wanted) * Self.pageBytes - used)
  }

  private mutating func move(reserving reserved: UInt32) {
    let old = self
    let bytes = Int(reserved) * Self.pageBytes
    guard let memory = csystem_reserve(bytes) else {
      preconditionFailure("no address space for the index of the event log: \(bytes) bytes")
    }
    slots = memory.bindMemory(to: Slot.self, capacity: bytes / MemoryLayout<Slot>.stride)
    reservedPages = reserved
    ownsReservation = true
    writablePages = 0
    pages = 0
    guard let from = old.slots, old.pages > 0 else { return }
    makeWritable(old.pages)
    pages = old.pages
    slots?.update(from: from, count: end)
    if old.ownsReservation {
      csystem_unmap(from, Int(old.reservedPages) * Self.pageBytes)
    } else {
      csystem_forget(from, old.bytes)
    }
  }
}
