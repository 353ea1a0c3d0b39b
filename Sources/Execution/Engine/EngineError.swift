package import LogSequence

/// What stops an engine: something that its own log says and that cannot be.
package enum EngineError: Error, Sendable, Equatable {
  /// A record's payload is not of the format that this program writes.
  case unreadableRecord(lsn: LSN)
}
