import Execution

/// The publishing connections of a simulated shard.
struct SimulatedLinks {
  /// Those that were ordered.
  private(set) var ordered: [LinkOrder] = []
  private var open: Set<Int> = []
  /// When each was opened, and how often it has been lost.
  private var openedAt: [Int: Int64] = [:]
  private var losses: [Int: Int] = [:]
  /// Those that open by themselves, and when.
  private var opening: [Int: Int64] = [:]

  func isOpen(_ link: PublishLink) -> Bool { open.contains(link.rawValue) }
  func losses(of link: PublishLink) -> Int { losses[link.rawValue, default: 0] }
  func openedAt(_ link: PublishLink) -> Int64 { openedAt[link.rawValue, default: 0] }

  mutating func order(_ order: LinkOrder) {
    if !ordered.contains(where: { $0.link == order.link }) { ordered.append(order) }
  }

  mutating func opened(_ link: PublishLink, at now: Int64) {
    open.insert(link.rawValue)
    openedAt[link.rawValue] = now
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
