import DequeModule

/// What was under way on a connection when the broker closed it over one message: each goes alone
/// from then on, with nothing else under way, so that the next to close it is the one to blame.
struct OneByOne<Element> {
  enum Next {
    /// Nobody waits: the connection is free for all others.
    case nobody
    /// One is under way, or what was before it is.
    case wait
    case alone(Element)
  }

  private var waiting: Deque<Element> = []
  private var alone: Element?

  /// - Parameter lost: in the order they were published.
  mutating func add(_ lost: [Element]) { waiting.prepend(contentsOf: lost) }

  mutating func removeAll() { waiting.removeAll() }

  /// - Parameters:
  ///   - underWay: publishes of the connection that are not answered.
  ///   - isPublished: whether one is under way; nil when it is gone.
  mutating func next(underWay: Int, isPublished: (Element) -> Bool?) -> Next {
    if let alone, isPublished(alone) == true { return .wait }
    while let first = waiting.first {
      guard underWay == 0 else { return .wait }
      waiting.removeFirst()
      guard isPublished(first) != nil else { continue }
      alone = first
      return .alone(first)
    }
    return .nobody
  }
}
