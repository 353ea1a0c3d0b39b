/// The events that are being worked on, in slots, each found by its key.
struct WorkingSet {
  typealias Reference = SlotTable<ActiveEvent>.Reference

  private var table = SlotTable(blank: ActiveEvent.blank)
  private var slots: [EventKey: Int32] = [:]

  var count: Int { table.count }
  var isEmpty: Bool { table.isEmpty }

  mutating func insert(_ event: ActiveEvent) -> Int32 {
    let slot = table.insert(event)
    slots[event.key] = slot
    return slot
  }

  mutating func remove(_ slot: Int32) {
    slots[table[slot].key] = nil
    table.remove(slot)
  }

  /// Where an event is; nil when it is not being worked on.
  func slot(of key: EventKey) -> Int32? { slots[key] }

  func reference(_ slot: Int32) -> Reference { table.reference(slot) }
  func contains(_ event: Reference) -> Bool { table.contains(event) }
  func isTaken(_ slot: Int32) -> Bool { table.isTaken(slot) }

  /// The event in a slot that is known to be taken.
  subscript(_ slot: Int32) -> ActiveEvent {
    _read { yield table[slot] }
    _modify { yield &table[slot] }
  }

  /// The events in place.
  func forEach(_ body: (borrowing ActiveEvent) -> Void) { table.forEach(body) }

  /// Changes the events in place.
  mutating func updateEach(_ body: (inout ActiveEvent) -> Void) { table.updateEach(body) }
}
