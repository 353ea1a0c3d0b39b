import LogSequence
import Messages
import Testing

@testable import Execution

@Suite("Records of cancels")
struct CancelRecordTests {
  /// As the first version of the format has it.
  private static let golden: [UInt8] = [1, 0, 0, 0, 0, 0, 0, 0, 8, 7, 6, 5, 4, 3, 2, 1]

  @Test func `A cancel that came before its event is written as it always was, and read`() throws {
    var bytes: [UInt8] = []
    CancelRecord(cancelledAt: Timestamp(nanoseconds: 0x0102_0304_0506_0708)).write(to: &bytes)
    #expect(bytes == Self.golden)
    let read = Self.golden.withUnsafeBytes { CancelRecord($0)?.cancelledAt }
    #expect(read == Timestamp(nanoseconds: 0x0102_0304_0506_0708))
  }

  @Test func `Bytes that are no such record are none, nor are they an event's`() {
    func isRecord(_ bytes: [UInt8]) -> Bool { bytes.withUnsafeBytes { CancelRecord($0) != nil } }
    #expect(!isRecord([2] + Self.golden.dropFirst()) && !isRecord(Self.golden + [0]))
    for count in 0..<Self.golden.count { #expect(!isRecord(Array(Self.golden.prefix(count)))) }
    #expect(Self.golden.withUnsafeBytes { RecordPayload($0) == nil })
  }

  @Test
  func `An event's record says that it was cancelled in a byte that was zero before`() throws {
    func written(_ isCancelled: Bool) -> [UInt8] {
      var state = EventState(lane: .batch, acceptedAt: Timestamp(nanoseconds: 5), bodyLSN: 3)
      state.status = .ignored
      state.logTimeouts = 7
      state.isCancelled = isCancelled
      var bytes: [UInt8] = []
      RecordPayload.write(
        state, facts: EventFacts(), occurredAt: Timestamp(nanoseconds: 6), reason: .none,
        body: UnsafeRawBufferPointer(start: nil, count: 0), to: &bytes)
      return bytes
    }
    let (plain, cancelled) = (written(false), written(true))
    #expect(plain[80] == 7 && cancelled[80] == 7)
    #expect(plain[81..<88].allSatisfy { $0 == 0 } && cancelled[81] == 1)
    #expect(plain.count == cancelled.count)
    #expect(plain.indices.filter { plain[$0] != cancelled[$0] } == [81])
    for (bytes, isCancelled) in [(plain, false), (cancelled, true)] {
      let read = bytes.withUnsafeBytes { RecordPayload($0)?.state }
      #expect(read?.isCancelled == isCancelled && read?.logTimeouts == 7)
    }
  }
}
