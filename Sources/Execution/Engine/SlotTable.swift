/// Values that are referred to by small numbers, which are used again.
///
/// A serial tells one tenant of a slot from the next: a reference that outlives its value (the
/// answer to a read, say) finds nothing.
struct SlotTable<Element> {
  struct Reference: Hashable {
    var slot: Int32
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
  private var free: ContiguousArray<Int32> = []

  init(blank: Element) {
    self.blank = blank
  }

  var count: Int { entries.count - free.count }
  var isEmpty: Bool { count == 0 }

  mutating func insert(_ value: consuming Element) -> Int32 {
    if let slot = free.popLast() {
      entries[Int(slot)].value = value
      entries[Int(slot)].isTaken = true
      return slot
    }
    entries.append(Entry(value: value, serial: 1, isTaken: true))
    return Int32(entries.count - 1)
  }

  mutating func remove(_ slot: Int32) {
    precondition(entries[Int(slot)].isTaken, "a slot is freed once")
    entries[Int(slot)].value = blank
    entries[Int(slot)].serial &+= 1
    entries[Int(slot)].isTaken = false
    free.append(slot)
  }

  func reference(_ slot: Int32) -> Reference {
    Reference(slot: slot, serial: entries[Int(slot)].serial)
  }

  func contains(_ reference: Reference) -> Bool {
    guard entries.indices.contains(Int(reference.slot)) else { return false }
    let entry = entries[Int(reference.slot)]
    return entry.isTaken && entry.serial == reference.serial
  }

  func isTaken(_ slot: Int32) -> Bool {
    entries.indices.contains(Int(slot)) && entries[Int(slot)].isTaken
  }

  /// The value in a slot that is known to be taken.
  subscript(_ slot: Int32) -> Element {
    _read {
      assert(entries[Int(slot)].isTaken, "the slot is taken")
      yield entries[Int(slot)].value
    }
    _modify {
      assert(entries[Int(slot)].isTaken, "the slot is taken")
      yield &entries[Int(slot)].value
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
  var slots: [Int32] {
    entries.indices.compactMap { entries[$0].isTaken ? Int32($0) : nil }
  }
}
