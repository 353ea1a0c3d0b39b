package import LogSequence

/// A question to the log's reader thread.
package struct ReadRequest: Sendable {
  package enum Target: Sendable {
    /// The newest record of the event with this id, once it is durable.
    case newest(id: [UInt8])
    /// One record.
    case record(lsn: LSN)
    /// Every record of an event, oldest first, as far as the log goes back.
    case history(id: [UInt8])
    /// Durable records from this LSN on, at least one if there is any, then up to `limitBytes`.
    case range(from: LSN, limitBytes: Int)
  }

  /// Comes back in the answer.
  package let token: UInt64
  package let target: Target

  package init(token: UInt64, _ target: Target) {
    self.token = token
    self.target = target
  }
}

/// The answer to one `ReadRequest`.
package struct ReadAnswer: Sendable {
  package enum Outcome: Sendable {
    /// One record for `newest` and `record`, all of a `history`, none or more of a `range`.
    case records(RecordBlock)
    /// No such event or LSN.
    case absent
    /// The record cannot be read or is damaged. The log goes on.
    case failed(EventLogError)
  }

  package let token: UInt64
  package let outcome: Outcome

  package init(token: UInt64, outcome: Outcome) {
    self.token = token
    self.outcome = outcome
  }
}

/// What the index knows of an id's hash, without touching the disk.
package enum EventPresence: Equatable, Sendable {
  case absent
  /// Not in memory; sealed segments may have it: a `newest` read tells. Of ids that were never
  /// seen about one in a hundred comes here.
  case stored
  /// The newest record under this fingerprint. Another id may share it (about one pair in 2^64):
  /// a `newest` read compares the id.
  case found(EventLocation)
}

package struct EventLocation: Equatable, Sendable {
  package let lsn: LSN
  /// Of that record.
  package let status: UInt8
  package let flags: RecordFlags
}
