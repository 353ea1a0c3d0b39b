import EventLog
import LogSequence
import Messages
import Testing

@testable import Execution
@testable import Node

@Suite("What the log is told of a record")
struct RecordFlagsTests {
  private func flags(
    _ kind: RecordKind, isFinal: Bool = false, isDriven: Bool = false, previousLSN: LSN = 0
  ) -> RecordFlags {
    let key = kind == .position ? nil : EventKey(high: 1, low: 2)
    return RecordFlags(
      AppendOrder(
        lsn: 9, kind: kind, key: key, status: 0, previousStatus: 0, isFinal: isFinal,
        isDriven: isDriven, isPublished: false, attempt: 0, time: Timestamp(nanoseconds: 1),
        previousLSN: previousLSN, id: .none, payload: .none))
  }

  @Test
  func `Only an event that its cancel came before begins anew, and a cancel is of no event`() {
    #expect(flags(.accepted, isDriven: true) == [.event, .driven])
    #expect(flags(.accepted, isDriven: true, previousLSN: 3) == [.event, .driven, .base])
    #expect(flags(.transition, isFinal: true, previousLSN: 3) == [.event, .final])
    #expect(flags(.cancelRequested, isFinal: true) == [.event, .final, .aside])
    #expect(!flags(.cancelRequested, isFinal: true).isOfEvent)
  }

  @Test func `What is written again, and what is parked, needs nothing before it`() {
    #expect(flags(.carried, isDriven: true, previousLSN: 3) == [.event, .driven, .base])
    #expect(flags(.parked, isDriven: true) == [.event, .driven, .base, .aside])
    #expect(flags(.unparked, isFinal: true, previousLSN: 3) == [.event, .final, .aside])
    #expect(flags(.position, isFinal: true) == .final)
  }
}
