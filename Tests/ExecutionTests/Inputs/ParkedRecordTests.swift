import Messages
import Testing

@testable import Execution

@Suite("Records of parked copies")
struct ParkedRecordTests {
  private var copy: ParkedCopy {
    var copy = ParkedCopy.blank
    copy.origin = ParkedCopy.Origin(
      reason: utf8("not-json"), detail: utf8("$: no"), exchange: utf8("x"), routingKey: utf8("k"),
      lane: utf8("batch"), firstSeen: Timestamp(nanoseconds: 0x0102), batchID: [],
      version: utf8("1"))
    copy.messageID = utf8("m")
    copy.body = utf8("HHnope")
    copy.originalHeaders = ByteRange(offset: 0, count: 2)
    copy.bodyRange = 2..<6
    return copy
  }

  private func utf8(_ text: String) -> [UInt8] { Array(text.utf8) }

  private func written(_ copy: ParkedCopy) -> [UInt8] {
    var bytes: [UInt8] = []
    ParkedRecord.write(copy, number: 7, to: &bytes)
    #expect(bytes.count == ParkedRecord.byteCount(copy))
    return bytes
  }

  private func decode(_ bytes: [UInt8]) -> ParkedCopy? {
    bytes.withUnsafeBytes { ParkedRecord($0)?.copy }
  }

  /// As the first version of the format has it.
  private var golden: [UInt8] {
    var bytes: [UInt8] = [1, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 2, 1, 0, 0, 0, 0, 0, 0]
    for count in [8, 5, 1, 1, 5, 0, 1, 1, 0, 0, 0, 2, 4] as [UInt8] { bytes += [count, 0, 0, 0] }
    return bytes + utf8("not-json$: noxkbatch1mHHnope")
  }

  @Test func `A copy without more properties is written as it always was, and read`() throws {
    #expect(written(copy) == golden)
    let read = try #require(decode(golden))
    #expect(read.properties == ParkedCopy.Properties())
    #expect(read.body[read.bodyRange] == utf8("nope")[...] && read.messageID == utf8("m"))
  }

  @Test func `All properties come back`() throws {
    var copy = copy
    copy.properties = ParkedCopy.Properties(
      contentEncoding: utf8("gzip"), type: utf8("order"), appID: utf8("shop"),
      userID: utf8("guest"), expiration: utf8("60000"), priority: 3,
      timestampSeconds: 0x0102_0304_0506_0708)
    let bytes = written(copy)
    #expect(bytes[0] == 2)
    let back = try #require(decode(bytes))
    #expect(back.properties == copy.properties)
    #expect(back.body[back.bodyRange] == utf8("nope")[...])
    #expect(Array(back.body[back.originalHeaders.range]) == utf8("HH"))
    copy.properties = ParkedCopy.Properties(priority: 0)
    #expect(decode(written(copy))?.properties == copy.properties)
  }

  @Test func `Bytes that are no such record are none`() {
    #expect(decode([]) == nil && decode([3] + golden.dropFirst()) == nil)
    for count in 0..<golden.count { #expect(decode(Array(golden.prefix(count))) == nil) }
    var copy = copy
    copy.properties.timestampSeconds = 1
    let bytes = written(copy)
    for count in 0..<bytes.count { #expect(decode(Array(bytes.prefix(count))) == nil) }
    for index in bytes.indices {
      var changed = bytes
      changed[index] ^= 0xFF
      _ = decode(changed)
    }
  }
}
