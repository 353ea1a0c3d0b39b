import Execution

/// The publishing connections of a simulated shard.
struct SimulatedLinks {
  /// Those that were ordered.
  private(set) var ordered: [LinkOrder] = []
  private var open: Set<Int> = []
  /// How often each has been lost.
  private var losses: [Int: Int] = [:]
  /// Those that open by themselves, and when.
  private var opening: [Int: Int64] = [:]

  func isOpen(_ link: PublishLink) -> Bool { open.contains(link.rawValue) }
  func losses(of link: PublishLink) -> Int { losses[link.rawValue, default: 0] }

  mutating func order(_ order: LinkOrder) {
    if !ordered.contains(where: { $0.link == order.link }) { ordered.append(order) }
  }

  mutating func opened(_ link: PublishLink) {
    open.insert(link.rawValue)
    opening[link.rawValue] = nil
  }

  mutating func lost(_ link: PublishLink) {
    open.remove(link.rawValue)
    losses[link.rawValue, default: 0] += 1
  }

  mutating func opensLater(_ link: PublishLink, at time: Int64) { opening[link.rawValue] = time }

  /// Those whose time to open has come.
  func due(at now: Int64) -> [PublishLink] {
    ordered.map(\.link).filter { opening[$0.rawValue].map { $0 <= now } ?? false }
  }
}
