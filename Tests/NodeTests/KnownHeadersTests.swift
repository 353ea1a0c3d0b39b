import AMQP
import Execution
import Testing

@testable import Node

@Suite("Headers that the engine looks at")
struct KnownHeadersTests {
  private func bytes(_ headers: [(StaticString, String)]) -> [UInt8] {
    var writer = HeaderWriter()
    for (name, value) in headers { writer.append(name, value) }
    return writer.bytes
  }

  private func attributes(_ headers: [(StaticString, String)]) -> String? {
    bytes(headers).withUnsafeBytes { raw in
      let table = HeaderTable(entries: raw)
      return KnownHeaders(table, in: raw).cloudEvents.map {
        String(decoding: CloudEventHeaders.attributes(of: table, $0), as: UTF8.self)
      }
    }
  }

  @Test func `Trace context and compression are found by their names, where they are texts`() {
    var writer = HeaderWriter()
    writer.append("tenant", "north")
    writer.append("tracestate", "a=b")
    writer.append("compression", "application/x-gzip")
    writer.append("traceparent", "00-a-b-01")
    writer.append("compression", "other")
    let all = writer.bytes
    all.withUnsafeBytes { raw in
      let found = KnownHeaders(HeaderTable(entries: raw), in: raw)
      func text(_ range: ByteRange) -> String {
        String(decoding: raw[range.offset..<range.offset + range.count], as: UTF8.self)
      }
      #expect(text(found.traceParent) == "00-a-b-01" && text(found.traceState) == "a=b")
      #expect(text(found.compression) == "application/x-gzip" && found.cloudEvents == nil)
    }
    var number = HeaderWriter()
    number.append("traceparent", Int64(1))
    number.append("tracestate", String(repeating: "x", count: 2_000))
    number.bytes.withUnsafeBytes { raw in
      let found = KnownHeaders(HeaderTable(entries: raw), in: raw)
      #expect(found.traceParent.isEmpty && found.traceState.isEmpty && found.compression.isEmpty)
    }
  }

  @Test(arguments: 0..<4)
  func `A CloudEvent's attributes may begin with cloudEvents:, cloudEvents_, ce- and ce_`(
    index: Int
  ) {
    let names: [[StaticString]] = [
      ["cloudEvents:specversion", "cloudEvents:id"], ["cloudEvents_specversion", "cloudEvents_id"],
      ["ce-specversion", "ce-id"], ["ce_specversion", "ce_id"],
    ]
    let headers = [("tenant", "n"), (names[index][0], "1.0"), (names[index][1], "e")]
    #expect(attributes(headers) == #"{"specversion":"1.0","id":"e"}"#)
  }

  @Test func `The short prefix is one only with the version; with both the long one counts`() {
    #expect(attributes([("ce-id", "e")]) == nil)
    #expect(attributes([("ce-specversion2", "1.0"), ("cex", "1")]) == nil)
    #expect(attributes([("tenant", "n")]) == nil)
    #expect(
      attributes([("ce-specversion", "1.0"), ("cloudEvents:id", "e"), ("ce-id", "f")])
        == #"{"id":"e"}"#)
  }

  @Test func `A header is renamed with its value as it stands`() throws {
    var writer = HeaderWriter()
    writer.append("CC", "a.b")
    var other = HeaderWriter()
    other.append("x-meddela-original-cc", rawValue: UnsafeRawBufferPointer.text(writer.bytes, 3))
    other.bytes.withUnsafeBytes { raw in
      #expect(HeaderTable(entries: raw).text("x-meddela-original-cc") == "a.b")
    }
  }
}

extension UnsafeRawBufferPointer {
  /// The bytes from one on, in memory that is never freed: for tests only.
  fileprivate static func text(_ bytes: [UInt8], _ start: Int) -> UnsafeRawBufferPointer {
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
    memory.copyBytes(from: bytes)
    return UnsafeRawBufferPointer(rebasing: memory[start...])
  }
}
