import Testing

@testable import Node

@Suite struct LogReadTests {
  @Test(arguments: [LogRead.event(0), .event(UInt64(Int32.max)), .publishes, .logTimeouts, .totals])
  func `What a read is for comes back with its token`(read: LogRead) {
    #expect(LogRead(token: read.token) == read)
  }

  @Test func `No two reads share a token`() {
    let reads = [LogRead.event(UInt64(Int32.max)), .publishes, .logTimeouts, .totals]
    #expect(Set(reads.map(\.token)).count == reads.count)
  }
}
