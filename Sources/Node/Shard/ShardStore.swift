internal import EventLog
internal import Execution
internal import LogSequence
internal import Templates

/// What the engine asks the event log while it decides.
final class StoreLookup: EventLookup {
  /// Set once the log is open; nothing is looked up before.
  var log: EventLog?

  func key(of id: UnsafeRawBufferPointer) -> EventKey {
    guard let log else { preconditionFailure("the log is open before events come") }
    return log.hash(of: id).key
  }

  func mayContain(_ key: EventKey) -> Bool {
    guard let log else { preconditionFailure("the log is open before events come") }
    return log.lookup(EventHash(high: key.high, low: key.low)) != .absent
  }

  func isNewest(_ lsn: LSN, of key: EventKey) -> Bool {
    guard let log else { preconditionFailure("the log is open before events come") }
    return log.isNewest(lsn, of: EventHash(high: key.high, low: key.low))
  }
}

extension EventHash {
  var key: EventKey { EventKey(high: high, low: low) }
}
