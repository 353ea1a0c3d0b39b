/// How to open an event log.
package struct EventLogOptions: Sendable {
  /// The directory of one shard. Made when absent; its parent must exist.
  package var path: String
  /// Size of a segment file, rounded up to 4 KiB; 64 KiB to 16 GiB. A store may be opened with
  /// another size than it was made with: it counts from the next segment on.
  package var segmentBytes = 256 << 20
  /// A data frame with nothing after it for this long is followed by a confirm frame.
  package var confirmMilliseconds = 80
  /// Of which open events in indexed segments `replay` is shown the newest record: each of them is
  /// read back, so an owner leaves out those it does not need.
  package var replays: @Sendable (EventLocation) -> Bool = { _ in true }
  /// Every system call of the log. Replaced by a simulated disk in tests.
  package var disk: any Disk = LinuxDisk()
  /// How many bytes a second merges of derived files write at most.
  package var mergeBytesPerSecond = 64 << 20
  /// How soon a segment that found no room is tried again.
  var spaceRetryMilliseconds = 1000
  /// Bits of the fingerprint that are kept: all but in tests, which want collisions.
  var fingerprintMask = UInt64.max
  /// Deliberate defects, for tests.
  var breaks: Breaks = []

  package init(path: String) { self.path = path }

  func checked() throws(EventLogError) -> EventLogOptions {
    var options = self
    options.segmentBytes = roundUp(segmentBytes, to: Limits.blockBytes)
    guard Limits.minSegmentBytes...Limits.maxSegmentBytes ~= options.segmentBytes else {
      throw EventLogError(
        .badOptions,
        """
        segmentBytes is \(segmentBytes); expected \(Limits.minSegmentBytes) to \
        \(Limits.maxSegmentBytes)
        """)
    }
    guard 1...100 ~= confirmMilliseconds else {
      throw EventLogError(
        .badOptions, "confirmMilliseconds is \(confirmMilliseconds); expected 1 to 100")
    }
    return options
  }
}

/// What the log says on its own threads; the owner hops to its loop. None may call the log back
/// directly, and none may block for long: the next frame waits for it.
package struct EventLogCallbacks: Sendable {
  /// Every record up to this LSN is durable. Rises; called once per durable frame with records.
  package var onDurable: @Sendable (UInt64) -> Void
  /// Answers to `read`, in the order of the requests.
  package var onRead: @Sendable ([ReadAnswer]) -> Void
  /// The log is poisoned; called once. Nothing becomes durable any more and the process should
  /// end with the error's exit code.
  package var onFailure: @Sendable (EventLogError) -> Void
  /// No space to prepare the next segment (the error), or space again (nil). Writing goes on
  /// until the current segment is full, then waits; it goes on by itself.
  package var onSpace: @Sendable (EventLogError?) -> Void

  package init(
    onDurable: @escaping @Sendable (UInt64) -> Void = { _ in },
    onRead: @escaping @Sendable ([ReadAnswer]) -> Void = { _ in },
    onFailure: @escaping @Sendable (EventLogError) -> Void,
    onSpace: @escaping @Sendable (EventLogError?) -> Void = { _ in }
  ) {
    self.onDurable = onDurable
    self.onRead = onRead
    self.onFailure = onFailure
    self.onSpace = onSpace
  }
}
