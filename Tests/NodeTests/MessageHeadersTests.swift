import AMQP
import Testing

@testable import Execution
@testable import Node

@Suite struct MessageHeadersTests {
  private func table(_ fill: (inout HeaderWriter) -> Void) -> [UInt8] {
    var writer = HeaderWriter()
    fill(&writer)
    return writer.bytes
  }

  private func write(
    _ ours: [(StaticString, String)], keeping kept: [UInt8] = [], frameMaxBytes: Int = 1 << 17
  ) -> [UInt8] {
    var bytes: [UInt8] = []
    var orders: [HeaderOrder] = []
    for (name, value) in ours {
      let range = ByteRange(offset: bytes.count, count: value.utf8.count)
      orders.append(HeaderOrder(name: name, value: range))
      bytes += Array(value.utf8)
    }
    var writer = HeaderWriter()
    writer.append("of the message before", 1)
    bytes.withUnsafeBytes { bytes in
      kept.withUnsafeBytes { kept in
        writer.write(orders[...], bytes: bytes, keeping: kept, frameMaxBytes: frameMaxBytes)
      }
    }
    return writer.bytes
  }

  @Test func `Ours are long strings, byte for byte, and nothing else stands there`() {
    let written = write([("traceparent", "00-a"), ("x-meddela-lane", "å")])
    let expected =
      [11] + Array("traceparentS".utf8) + [0, 0, 0, 4] + Array("00-a".utf8)
      + [14] + Array("x-meddela-laneS".utf8) + [0, 0, 0, 2, 0xC3, 0xA5]
    #expect(written == expected)
  }

  @Test func `A parked message keeps its own headers as they came, of whatever kind`() {
    let kept = table {
      $0.append("tenant", "north")
      $0.append("count", Int64(-7))
      $0.append("flag", true)
      $0.append("at", timestampSeconds: 12)
    }
    #expect(
      write([("x-meddela-reason", "not-json")], keeping: kept)
        == table { $0.append("x-meddela-reason", "not-json") } + kept)
  }

  @Test func `What an earlier parking said is dropped, and what the broker routes by is renamed`() {
    let kept = table {
      $0.append("x-meddela-reason", "an old one")
      $0.append("CC", "a.b")
      $0.append("x-meddela-headers-cut", Int64(3))
      $0.append("BCC", Int64(1))
      $0.append("cc", "is none")
    }
    let expected = table {
      $0.append("x-meddela-reason", "new")
      $0.append("x-meddela-original-cc", "a.b")
      $0.append("x-meddela-original-bcc", Int64(1))
      $0.append("cc", "is none")
    }
    #expect(write([("x-meddela-reason", "new")], keeping: kept) == expected)
  }

  @Test func `What does not fit the frame is left out and counted; what follows is tried`() {
    let kept = table {
      $0.append("first", "1")
      $0.append("large", String(repeating: "x", count: 3_000))
      $0.append("larger", String(repeating: "x", count: 4_000))
      $0.append("last", "2")
    }
    let written = write([("x-meddela-reason", "r")], keeping: kept, frameMaxBytes: 4_096)
    let expected = table {
      $0.append("x-meddela-reason", "r")
      $0.append("first", "1")
      $0.append("last", "2")
      $0.append("x-meddela-headers-cut", Int64(2))
    }
    #expect(written == expected)
  }
}
