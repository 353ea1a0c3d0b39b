import Messages
import Testing

@testable import Execution

/// Payloads that earlier programs wrote stay readable, and mean the same.
@Suite("Payloads of earlier programs")
struct GoldenPayloadTests {
  static func records() throws -> [GoldenRecord] {
    try Golden.lines("records-1.txt").map { try #require(GoldenRecord($0)) }
  }

  @Test func `Every kind of record and every status is among them`() throws {
    let records = try Self.records()
    #expect(Set(records.map(\.kind)).isSuperset(of: 1...6))
    #expect(
      Set(records.map(\.status)).isSuperset(of: Status.allCases.map(\.rawValue)))
  }

  @Test func `They say today what they said when they were written`() throws {
    let records = try Self.records()
    let fields = try Golden.lines("fields-1.txt")
    #expect(records.count == fields.count)
    for (record, expected) in zip(records, fields) {
      #expect(Golden.fields(record) == String(expected), "record \(record.lsn)")
    }
  }

  @Test func `Writing them again gives the same bytes, and positions get a version`() throws {
    for record in try Self.records() {
      let written = try Self.written(record)
      let isPosition = record.kind == RecordKind.position.rawValue
      let expected = record.payload + (isPosition ? [2, 0, 2, 0] : [])
      #expect(written == expected, "record \(record.lsn) of kind \(record.kind)")
    }
  }

  /// The payload, read and written again.
  private static func written(_ record: GoldenRecord) throws -> [UInt8] {
    var bytes: [UInt8] = []
    try record.payload.withUnsafeBytes { payload in
      guard record.kind != RecordKind.position.rawValue else {
        try #require(PositionRecord(payload)).write(to: &bytes)
        return
      }
      let decoded = try #require(RecordPayload(payload))
      #expect(decoded.state.status.rawValue == record.status)
      #expect((decoded.state.previousStatus?.rawValue ?? 0) == record.previousStatus)
      #expect(decoded.state.attempt == record.attempt)
      let facts = try Array(record.id.utf8).withUnsafeBytes { try #require(decoded.facts(id: $0)) }
      RecordPayload.write(
        decoded.state, facts: facts, occurredAt: decoded.occurredAt, reason: decoded.reason,
        body: decoded.bodyBytes, to: &bytes)
    }
    return bytes
  }
}
