/// How urgent an event is: the producer chooses by the exchange it publishes to.
package enum Lane: UInt8, Sendable, CaseIterable {
  case realtime = 0
  case batch = 1

  /// As it stands in messages and routing keys.
  package var name: StaticString {
    switch self {
    case .realtime: "realtime"
    case .batch: "batch"
    }
  }

  package init?(name: String) {
    guard let lane = Self.allCases.first(where: { "\($0.name)" == name }) else { return nil }
    self = lane
  }
}
