/// What is known of everything that is parked, wherever it is: enough to choose and to list it.
protocol ParkedFacts {
  var reason: String { get }
  var detail: String { get }
  var messageID: String? { get }
  /// Of the message that it was an element of.
  var batchID: String? { get }
  var lane: String { get }
  /// RFC 3339; empty when it is not known.
  var firstSeen: String { get }
  var bodyBytes: Int { get }

  /// The event's type, by the routing key of its message or by its own word.
  func isOf(type: String) -> Bool
}

extension ParkedFacts {
  /// In a table. A detail can be as long as a path in somebody's JSON: `show` has it whole.
  var row: [String] {
    [reason, messageID ?? "-", lane, firstSeen, "\(bodyBytes)", detail].map(\.printable).map {
      $0.count <= Self.mostCellCharacters ? $0 : $0.prefix(Self.mostCellCharacters - 1) + "…"
    }
  }

  private static var mostCellCharacters: Int { 256 }
}
