import NIOCore
import Testing

@testable import AMQP

/// The bytes of AMQP 0-9-1 for one message, written down by hand from the specification (4.2.3 to
/// 4.2.6 and the XML of `basic.publish`): whoever reads our frames is another program.
@Suite struct PublishBytesTests {
  private func text(_ text: String) -> [UInt8] { [UInt8(text.utf8.count)] + Array(text.utf8) }

  /// Type, channel, size, payload, end octet.
  private func frame(_ type: UInt8, _ payload: [UInt8]) -> [UInt8] {
    [type, 0, 5, 0, 0, 0, UInt8(payload.count)] + payload + [0xCE]
  }

  private func written(_ change: (inout OutgoingMessage) -> Void) throws -> [UInt8] {
    let names = (StableBytes("ex"), StableBytes("rk"))
    var message = OutgoingMessage(exchange: names.0.view, routingKey: names.1.view)
    change(&message)
    var buffer = ByteBuffer()
    let body: [UInt8] = [1, 2, 3]
    try body.withUnsafeBytes { body in
      try PublishEncoder.write(
        message, channel: 5, body: body, UnsafeRawBufferPointer(start: nil, count: 0),
        frameMaxBytes: 4_096, into: &buffer)
    }
    withExtendedLifetime(names) {}
    return Array(buffer.readableBytesView)
  }

  @Test func `A message without properties is three frames, and persistent`() throws {
    let method = frame(1, [0, 60, 0, 40, 0, 0] + text("ex") + text("rk") + [0])
    let header = frame(2, [0, 60, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0x10, 0x00, 2])
    #expect(try written { _ in } == method + header + frame(3, [1, 2, 3]))
    // Bit 0 is mandatory, bit 1 immediate, which we never ask for.
    #expect(try written { $0.isMandatory = true }[7 + 12] == 1)
    #expect(try written { $0.isPersistent = false }[7 + 13 + 1 + 7 + 14] == 1)
  }

  @Test func `Every property has its flag and its place`() throws {
    let texts = ["ct", "ce", "co", "re", "ex", "id", "ty", "ap"].map(StableBytes.init)
    let entries: [UInt8] = [1, UInt8(ascii: "k"), UInt8(ascii: "t"), 1]
    let bytes = try entries.withUnsafeBytes { entries in
      try written {
        $0.contentType = texts[0].view
        $0.contentEncoding = texts[1].view
        $0.headers = entries
        $0.priority = 4
        $0.correlationID = texts[2].view
        $0.replyTo = texts[3].view
        $0.expiration = texts[4].view
        $0.messageID = texts[5].view
        $0.timestampSeconds = 0x0102_0304
        $0.type = texts[6].view
        $0.appID = texts[7].view
      }
    }
    withExtendedLifetime(texts) {}
    // All but user_id (bit 4) and the reserved cluster-id (bit 2).
    let flags: [UInt8] = [0xFF, 0xE8]
    let list =
      text("ct") + text("ce") + [0, 0, 0, 4] + entries + [2, 4] + text("co") + text("re")
      + text("ex") + text("id") + [0, 0, 0, 0, 1, 2, 3, 4] + text("ty") + text("ap")
    let header = frame(2, [0, 60, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3] + flags + list)
    let method = frame(1, [0, 60, 0, 40, 0, 0] + text("ex") + text("rk") + [0])
    #expect(bytes == method + header + frame(3, [1, 2, 3]))
  }
}
