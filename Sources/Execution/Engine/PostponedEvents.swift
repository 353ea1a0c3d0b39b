import DequeModule

/// Events that are ready for their inputs when the work of a turn is used up: the next turns go on
/// with them, before anything new is taken.
struct PostponedEvents {
  private var events: [Deque<WorkingSet.Reference>] = [[], [], [], []]

  var isEmpty: Bool { events.allSatisfy(\.isEmpty) }
  /// Whether real-time events or delivery logs are among them.
  var areUrgent: Bool {
    !events[WorkBudget.Share.logs.rawValue].isEmpty
      || !events[WorkBudget.Share.realtime.rawValue].isEmpty
  }

  /// All of them, those that are gone since among them.
  var all: [WorkingSet.Reference] { Array(events.joined()) }

  mutating func add(_ event: WorkingSet.Reference, _ share: WorkBudget.Share) {
    events[share.rawValue].append(event)
  }

  mutating func next(_ share: WorkBudget.Share) -> WorkingSet.Reference? {
    events[share.rawValue].popFirst()
  }
}
