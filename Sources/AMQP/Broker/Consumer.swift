/// What a consuming link consumes.
package struct Consumer: Sendable, Equatable {
  /// The queue.
  package var queue: String
  /// How many deliveries may be unacknowledged: 1 to 2000 (a quorum queue's limit).
  package var prefetch: UInt16
  /// Whether nobody else may consume from the queue.
  package var isExclusive: Bool
  /// Consumer arguments, for example `x-stream-offset`.
  package var arguments: [Argument]

  /// Makes a consumer's description.
  package init(
    queue: String, prefetch: UInt16, isExclusive: Bool = false, arguments: [Argument] = []
  ) {
    self.queue = queue
    self.prefetch = prefetch
    self.isExclusive = isExclusive
    self.arguments = arguments
  }
}
