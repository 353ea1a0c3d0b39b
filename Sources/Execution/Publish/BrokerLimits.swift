/// What the broker has said of its own limits.
struct BrokerLimits {
  /// It takes no body with more bytes; nil as long as it has refused none.
  private(set) var mostBytes: Int?
  private var learnedAt: MonotonicTime = .start

  mutating func learn(_ most: Int, at now: MonotonicTime) {
    mostBytes = most
    learnedAt = now
  }

  /// It has taken a body with so many bytes: a larger limit than was known holds by now.
  mutating func hasTaken(_ bytes: Int) {
    if let mostBytes, bytes > mostBytes { self.mostBytes = nil }
  }

  /// Whether it has said so lately.
  func isKnown(at now: MonotonicTime) -> Bool {
    mostBytes != nil && now < learnedAt + EngineLimits.limitKnown
  }
}
