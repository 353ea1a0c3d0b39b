/// Values that are referred to by small numbers, which are used again.
///
/// A serial tells one tenant of a slot from the next: a reference that outlives its value (the
/// answer to a read, say) finds nothing.
struct SlotTable<Element> {
  /// The number of a place in the table: those of two tables are different types.
  struct Slot: Hashable {
    let rawValue: Int32

    @inline(__always)
    init(_ rawValue: Int32) { self.rawValue = rawValue }

    /// No place.
    static var none: Slot { Slot(-1) }

    @inline(__always)
    var isNone: Bool { rawValue < 0 }

    @inline(__always)
    fileprivate var index: Int { Int(rawValue) }
  }

  struct Reference: Hashable {
    var slot: Slot
    var serial: UInt32
  }

  private struct Entry {
    var value: Element
    var serial: UInt32
    var isTaken: Bool
  }

  /// What stands in a slot that nobody has: it frees what the last tenant held.
  private let blank: Element
  private var entries: ContiguousArray<Entry> = []
  private var free: ContiguousArray<Slot> = []

  init(blank: Element) {
    self.blank = blank
  }

  var count: Int {
    assert(free.count <= entries.count, "what is free is there")
    return entries.count - free.count
  }
  var isEmpty: Bool { count == 0 }

  mutating func insert(_ value: consuming Element) -> Slot {
    if let slot = free.popLast() {
      assert(!entries[slot.index].isTaken, "what is free has no tenant")
      entries[slot.index].value = value
      entries[slot.index].isTaken = true
      return slot
    }
    precondition(entries.count < Int(Int32.max), "slots have numbers below 2^31")
    entries.append(Entry(value: value, serial: 1, isTaken: true))
    return Slot(Int32(entries.count - 1))
  }

  mutating func remove(_ slot: Slot) {
    precondition(entries[slot.index].isTaken, "a slot is freed once")
    entries[slot.index].value = blank
    entries[slot.index].serial &+= 1
    entries[slot.index].isTaken = false
    free.append(slot)
  }

  func reference(_ slot: Slot) -> Reference {
    assert(isTaken(slot), "a reference is to a tenant")
    return Reference(slot: slot, serial: entries[slot.index].serial)
  }

  func contains(_ reference: Reference) -> Bool {
    guard entries.indices.contains(reference.slot.index) else { return false }
    let entry = entries[reference.slot.index]
    return entry.isTaken && entry.serial == reference.serial
  }

  func isTaken(_ slot: Slot) -> Bool {
    entries.indices.contains(slot.index) && entries[slot.index].isTaken
  }

  /// The value in a slot that is known to be taken.
  subscript(_ slot: Slot) -> Element {
    _read {
      assert(entries[slot.index].isTaken, "the slot is taken")
      yield entries[slot.index].value
    }
    _modify {
      assert(entries[slot.index].isTaken, "the slot is taken")
      yield &entries[slot.index].value
    }
  }

  /// The values in place.
  func forEach(_ body: (borrowing Element) -> Void) {
    for index in entries.indices where entries[index].isTaken { body(entries[index].value) }
  }

  /// Changes the values in place.
  mutating func updateEach(_ body: (inout Element) -> Void) {
    for index in entries.indices where entries[index].isTaken { body(&entries[index].value) }
  }

  /// The slots that are taken, in order of their number.
  var slots: [Slot] {
    entries.indices.compactMap { entries[$0].isTaken ? Slot(Int32($0)) : nil }
  }
}

/// Where an active event stands.
typealias EventSlot = SlotTable<ActiveEvent>.Slot
/// Where a message stands that has not been acknowledged.
typealias MessageSlot = SlotTable<OpenMessage>.Slot
