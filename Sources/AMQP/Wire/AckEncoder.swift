internal import NIOCore

/// Writes `basic.ack`: 21 bytes that are sent often enough to be written by hand.
enum AckEncoder {
  static let bytes = 21

  static func write(_ ack: AckCoalescer.Ack, channel: UInt16, into buffer: inout ByteBuffer) {
    buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: bytes) { memory in
      var writer = RawWriter(memory)
      writer.frameHeader(.method, channel, 13)
      writer.integer(ServerMethod.basicAck)
      writer.integer(ack.deliveryTag)
      writer.integer(UInt8(ack.isMultiple ? 1 : 0))
      writer.integer(FrameScanner.endOctet)
      return bytes
    }
  }
}
