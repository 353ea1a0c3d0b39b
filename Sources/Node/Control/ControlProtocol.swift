internal import Execution
internal import JSON
package import Messages

/// What is said at a shard's control socket: JSON lines.
///
/// A request is `{"command":"redrive","eventId":"o-1042","sequence":3}`; `sequence` may be left
/// out (see `ShardEngine.redrive`); the command `resend` is asked for in the same way, and `cancel`
/// without `sequence`. Each gets one line in answer, in any order:
/// `{"eventId":"o-1042","outcome":"done","attempt":2}`, of a cancel
/// `{"eventId":"o-1042","outcome":"cancelled","status":"ignored"}`, or `{"error":"..."}` when it is
/// none.
///
/// A socket in the store's folder rather than a queue: who redrives reads the store's files to
/// know what, so it is on the machine anyway; the folder's permissions decide who may; it works
/// while the broker is down or blocks; and no message of it can be left behind in a queue and
/// carried out next week.
package enum ControlProtocol {
  /// Longer lines are refused, and the connection is closed.
  package static let maxLineBytes = 4_096

  /// Where a shard of a store listens. Unix allows 107 bytes.
  package static func path(store: String, shard: ShardNumber) -> String {
    "\(store)/control.\(shard).sock"
  }

  /// What is asked for.
  enum Command: String {
    case redrive, resend, cancel
  }

  struct Request {
    var command: Command
    var eventID: [UInt8]
    /// Zero: whatever it is.
    var sequence: UInt32
  }

  /// Nil for anything but a request.
  static func request(_ line: [UInt8]) -> Request? {
    let parser = JSONParser()
    return try? parser.withDocument(line) { root -> Request? in
      guard let command = root["command"]?.asString.flatMap({ Command(rawValue: $0.string) }),
        let id = root["eventId"]?.asString, isEventID(id.bytes)
      else { return nil }
      let sequence = root["sequence"]?.asInt64 ?? 0
      guard let sequence = UInt32(exactly: sequence) else { return nil }
      return Request(command: command, eventID: Array(id.bytes), sequence: sequence)
    }
  }

  static func answer(_ eventID: [UInt8], _ outcome: RedriveOutcome) -> [UInt8] {
    switch outcome {
    case .done(let attempt): answer(eventID, outcome.name, attempt: attempt)
    case .illegalStatus(let status): answer(eventID, outcome.name, status: status)
    case .alreadyOpen, .movedOn, .notFound, .pastExpiration, .unavailable:
      answer(eventID, outcome.name)
    }
  }

  static func answer(_ eventID: [UInt8], _ outcome: CancelOutcome) -> [UInt8] {
    switch outcome {
    case .cancelled(let status, _), .tooLate(let status):
      answer(eventID, outcome.name, status: status)
    case .remembered, .unavailable: answer(eventID, outcome.name)
    }
  }

  private static func answer(
    _ eventID: [UInt8], _ outcome: StaticString, attempt: UInt16? = nil, status: Status? = nil
  ) -> [UInt8] {
    var writer = ByteWriter(capacity: 128)
    writer.write(#"{"eventId":"#)
    eventID.withUnsafeBytes { writer.writeJSONString($0) }
    writer.write(#","outcome":""#)
    writer.write(outcome)
    writer.write("\"")
    if let attempt {
      writer.write(#","attempt":"#)
      writer.write(decimal: Int(attempt))
    }
    if let status {
      writer.write(#","status":""#)
      writer.write(status.wireName)
      writer.write("\"")
    }
    writer.write("}\n")
    return writer.array()
  }

  static let refusal = Array(
    (#"{"error":"expected {\"command\":\"redrive, resend or cancel\",\"eventId\":\"...\"} "#
      + #"in one line"}"#).utf8 + [0x0A])
}

extension CancelOutcome {
  /// As it stands in answers.
  package var name: StaticString {
    switch self {
    case .cancelled(_, let isRepeated): isRepeated ? "already-cancelled" : "cancelled"
    case .remembered(let isRepeated): isRepeated ? "already-remembered" : "remembered"
    case .tooLate: "too-late"
    case .unavailable: "unavailable"
    }
  }
}

extension RedriveOutcome {
  /// As it stands in answers.
  package var name: StaticString {
    switch self {
    case .done: "done"
    case .alreadyOpen: "already-open"
    case .movedOn: "moved-on"
    case .notFound: "not-found"
    case .illegalStatus: "illegal-status"
    case .pastExpiration: "past-expiration"
    case .unavailable: "unavailable"
    }
  }
}
