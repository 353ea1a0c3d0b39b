/// The events that are being worked on, in slots, each found by its key.
struct WorkingSet {
  typealias Reference = SlotTable<ActiveEvent>.Reference

  private var table = SlotTable(blank: ActiveEvent.blank)
  private var slots: [EventKey: EventSlot] = [:]

  var count: Int { table.count }
  var isEmpty: Bool { table.isEmpty }

  mutating func insert(_ event: ActiveEvent) -> EventSlot {
    assert(slots[event.key] == nil, "an event is worked on in one slot")
    let slot = table.insert(event)
    slots[event.key] = slot
    return slot
  }

  mutating func remove(_ slot: EventSlot) {
    assert(slots[table[slot].key] == slot, "an event is found where it is")
    slots[table[slot].key] = nil
    table.remove(slot)
  }

  /// Where an event is; nil when it is not being worked on.
  func slot(of key: EventKey) -> EventSlot? {
    assert(slots[key].map(table.isTaken) ?? true, "what is found is there")
    return slots[key]
  }

  func reference(_ slot: EventSlot) -> Reference { table.reference(slot) }
  func contains(_ event: Reference) -> Bool { table.contains(event) }
  func isTaken(_ slot: EventSlot) -> Bool { table.isTaken(slot) }

  /// The slots that are taken, in order of their number.
  var takenSlots: [EventSlot] { table.slots }

  /// The event in a slot that is known to be taken.
  subscript(_ slot: EventSlot) -> ActiveEvent {
    _read { yield table[slot] }
    _modify { yield &table[slot] }
  }

  /// The events in place.
  func forEach(_ body: (borrowing ActiveEvent) -> Void) { table.forEach(body) }

  /// Changes the events in place.
  mutating func updateEach(_ body: (inout ActiveEvent) -> Void) { table.updateEach(body) }
}
