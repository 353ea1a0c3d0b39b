internal import CSystemCalls

/// One sub-table of the index: slots of 16 bytes on mapped memory, linear probing.
struct IndexTable {
  struct Slot {
    var fingerprint: UInt64
    var value: UInt64
  }

  private var slots: UnsafeMutablePointer<Slot>?
  private var capacity: UInt32 = 0
  private var count: UInt32 = 0

  private static let slotsPerPage = UInt32(4096 / MemoryLayout<Slot>.stride)
  private static let keptPages: UInt32 = 4

  var bytes: Int { Int(capacity) * MemoryLayout<Slot>.stride }

  mutating func insert(_ fingerprint: UInt64, _ value: IndexValue) {
    // Load stays at or below 0.8.
    if UInt64(count + 1) * 5 > UInt64(capacity) * 4 { grow() }
    place(fingerprint, value.word)
    count += 1
  }

  @inline(__always)
  mutating func replace(
    _ fingerprint: UInt64, previous: UInt64, with value: IndexValue
  ) -> Bool {
    guard let slots, capacity > 0 else { return false }
    var at = position(fingerprint)
    while slots[at].value != 0 {
      if slots[at].fingerprint == fingerprint, slots[at].value & Limits.maxLSN == previous {
        slots[at].value = value.word
        return true
      }
      at = next(at)
    }
    return false
  }

  /// Brings the first slot of the fingerprint into the cache.
  @inline(__always)
  func prefetch(_ fingerprint: UInt64) {
    if let slots { csystem_prefetch(slots + position(fingerprint)) }
  }

  /// Every value under the fingerprint, until `body` returns false.
  @inline(__always)
  func forEach(_ fingerprint: UInt64, _ body: (IndexValue) -> Bool) {
    guard let slots, capacity > 0 else { return }
    var at = position(fingerprint)
    while slots[at].value != 0 {
      if slots[at].fingerprint == fingerprint, !body(IndexValue(word: slots[at].value)) { return }
      at = next(at)
    }
  }

  /// Room for so many events, if it is empty.
  mutating func reserve(_ events: Int) {
    guard capacity == 0, events > 0 else { return }
    map(UInt32(events + events / 4) / Self.slotsPerPage + 1)
  }

  /// Removes what is final and at or before `lsn`; how many. Gives memory back when little is
  /// left, but for the first pages: mapping them again and again would interrupt every thread.
  mutating func removeFinal(through lsn: UInt64) -> Int {
    guard let slots else { return 0 }
    var kept: [Slot] = []
    for at in 0..<Int(capacity) where slots[at].value != 0 {
      let value = IndexValue(word: slots[at].value)
      if value.lsn > lsn || !value.flags.contains(.final) { kept.append(slots[at]) }
    }
    let removed = Int(count) - kept.count
    guard removed > 0 else { return 0 }
    count = UInt32(kept.count)
    // Room for as much again at 0.6, in whole pages.
    let pages = max(
      Self.keptPages, (UInt32(kept.count) * 5 / 3 + Self.slotsPerPage) / Self.slotsPerPage)
    if pages * Self.slotsPerPage * 2 <= capacity {
      csystem_unmap(slots, bytes)
      map(pages)
    } else {
      slots.update(repeating: Slot(fingerprint: 0, value: 0), count: Int(capacity))
    }
    for slot in kept { place(slot.fingerprint, slot.value) }
    return removed
  }

  mutating func free() {
    if let slots { csystem_unmap(slots, bytes) }
    slots = nil
    capacity = 0
    count = 0
  }

  /// The fingerprint's bits below those that chose the table, scaled to the capacity: monotonic,
  /// so that growing copies in order from old memory to new.
  @inline(__always)
  private func position(_ fingerprint: UInt64) -> Int {
    let below = fingerprint << EventIndex.tableBits
    return Int(below.multipliedFullWidth(by: UInt64(capacity)).high)
  }

  @inline(__always)
  private func next(_ at: Int) -> Int { at + 1 == Int(capacity) ? 0 : at + 1 }

  @inline(__always)
  private func place(_ fingerprint: UInt64, _ word: UInt64) {
    guard let slots else { return }
    var at = position(fingerprint)
    while slots[at].value != 0 { at = next(at) }
    slots[at] = Slot(fingerprint: fingerprint, value: word)
  }

  private mutating func grow() {
    let old = slots
    let oldCapacity = Int(capacity)
    let pages = capacity / Self.slotsPerPage
    map(pages + max(1, pages / 5))
    guard let old else { return }
    for at in 0..<oldCapacity where old[at].value != 0 { place(old[at].fingerprint, old[at].value) }
    csystem_unmap(old, oldCapacity * MemoryLayout<Slot>.stride)
  }

  /// Empty memory for the slots.
  private mutating func map(_ pages: UInt32) {
    capacity = pages * Self.slotsPerPage
    guard let memory = csystem_map(bytes) else {
      // Not outside input: without memory for 16 bytes an event nothing can go on.
      preconditionFailure("no memory for the index of the event log: \(bytes) bytes")
    }
    slots = memory.bindMemory(to: Slot.self, capacity: Int(capacity))
  }
}
