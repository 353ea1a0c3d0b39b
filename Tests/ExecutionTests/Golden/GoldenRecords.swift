import Foundation
import LogSequence
import Messages

@testable import Execution

/// A record that an engine wrote once, as it stands in `records-1.txt`: one line, its fields apart
/// by blanks: lsn, kind, status, previous status, flags (the event log's), attempt, time, LSN of
/// the event's record before, id, payload in hexadecimal. An id that is not there is `-`.
struct GoldenRecord {
  var lsn: LSN
  var kind: UInt8
  var status: UInt8
  var previousStatus: UInt8
  var flags: UInt8
  var attempt: UInt16
  var time: Int64
  var previousLSN: LSN
  var id: String
  var payload: [UInt8]

  var line: String {
    let hex = payload.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    return """
      \(lsn) \(kind) \(status) \(previousStatus) \(flags) \(attempt) \(time) \(previousLSN) \
      \(id.isEmpty ? "-" : id) \(hex)
      """
  }
}

extension GoldenRecord {
  init?(_ line: Substring) {
    let words = line.split(separator: " ")
    guard words.count == 10, let lsn = UInt64(words[0]).map({ LSN($0) }),
      let kind = UInt8(words[1]),
      let status = UInt8(words[2]), let previousStatus = UInt8(words[3]),
      let flags = UInt8(words[4]), let attempt = UInt16(words[5]), let time = Int64(words[6]),
      let previousLSN = UInt64(words[7]).map({ LSN($0) })
    else { return nil }
    let digits = Array(words[9])
    let pairs = stride(from: 0, to: digits.count - 1, by: 2)
    self.init(
      lsn: lsn, kind: kind, status: status, previousStatus: previousStatus, flags: flags,
      attempt: attempt, time: time, previousLSN: previousLSN,
      id: words[8] == "-" ? "" : String(words[8]),
      payload: pairs.compactMap { UInt8(String(digits[$0...$0 + 1]), radix: 16) })
  }
}

/// The committed files beside this one.
enum Golden {
  static let folder = URL(filePath: #filePath).deletingLastPathComponent()
  /// Where new ones are to be written; nil in a run that only tests.
  static let target = ProcessInfo.processInfo.environment["MEDDELA_TEST_MAKE_GOLDEN"]

  static func lines(_ name: String) throws -> [Substring] {
    let text = try String(contentsOf: folder.appending(path: name), encoding: .utf8)
    return text.split(separator: "\n")
  }

  /// What a payload says, every field of it, in one line; nil when it cannot be read.
  static func fields(_ record: GoldenRecord) -> String? {
    record.payload.withUnsafeBytes { payload in
      guard record.kind != RecordKind.position.rawValue else {
        return PositionRecord(payload).map { position in
          let lanes = Lane.allCases.map { lane -> String in
            let totals = position.totals[lane]
            return "\(totals.accepted) \(totals.duplicates) \(totals.parked) \(totals.counts)"
          }
          return "\(record.lsn) outbox \(position.outbox) logWatch \(position.logWatch) stuck "
            + "\(position.totals.stuck) " + lanes.joined(separator: " ")
        }
      }
      guard let decoded = RecordPayload(payload) else { return nil }
      return Array(record.id.utf8).withUnsafeBytes { id in
        decoded.facts(id: id).map { "\(record.lsn) " + describe(decoded, $0) }
      }
    }
  }

  private static func describe(_ record: RecordPayload, _ facts: EventFacts) -> String {
    let state = record.state
    let numbers: [(String, Int64)] = [
      ("lane", Int64(state.lane.rawValue)), ("status", Int64(state.status.rawValue)),
      ("previous", Int64(state.previousStatus?.rawValue ?? 0)),
      ("sequence", Int64(state.sequence)), ("attempt", Int64(state.attempt)),
      ("errors", Int64(state.errorCount)), ("bodyLSN", Int64(state.bodyLSN.rawValue)),
      ("accepted", state.acceptedAt.nanoseconds), ("due", state.dueAt.nanoseconds),
      ("expiration", state.expiration.nanoseconds), ("log", state.logOccurredAt.nanoseconds),
      ("occurred", record.occurredAt.nanoseconds), ("started", state.startedAt.nanoseconds),
      ("timeouts", Int64(state.logTimeouts)),
    ]
    let reason = record.reason
    let texts: [(String, [UInt8])] =
      EventFacts.Field.allCases.map { ("\($0)", facts.with($0) { Array($0) }) } + [
        ("code", reason.code), ("text", reason.text), ("provider", reason.providerMessageID),
        ("body", Array(record.bodyBytes)),
      ]
    let line =
      numbers.map { "\($0)=\($1)" }.joined(separator: " ") + " "
      + texts.map { "\($0)=[\(String(decoding: $1, as: UTF8.self))]" }.joined(separator: " ")
    return line.replacing("\n", with: "\\n")
  }
}
