internal import Node

/// The two queues in which messages wait for a person.
enum HeldKind: Sendable {
  /// What could not become an event or a delivery log.
  case parked
  /// What the broker had no queue for.
  case unrouted

  /// As in "nothing is parked".
  var word: String {
    switch self {
    case .parked: "parked"
    case .unrouted: "unrouted"
    }
  }

  func queue(_ topology: Topology) -> String {
    switch self {
    case .parked: topology.parked
    case .unrouted: topology.unrouted
    }
  }
}

/// A kind as a type, for the commands that exist for each.
protocol HeldMessages {
  static var kind: HeldKind { get }
}

enum ParkedMessages: HeldMessages {
  static var kind: HeldKind { .parked }
}

enum UnroutedMessages: HeldMessages {
  static var kind: HeldKind { .unrouted }
}
