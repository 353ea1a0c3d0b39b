import NIOCore

@testable import AMQP

/// Encodes one publish with every property and takes its frames apart again.
struct PublishedFrames {
  var largest = 0
  var body: [UInt8] = []
  var exchange = ""
  var routingKey = ""
  var properties = MessageProperties()

  init(
    body: [UInt8], split: Int, frameMaxBytes: Int, messageID: String = "id",
    headerBytes: Int = 10
  ) throws {
    var buffer = ByteBuffer()
    let names = ["ex", "rk", "application/json", messageID, "corr", "reply", "type"].map {
      StableBytes($0)
    }
    let headers = [UInt8](repeating: 0, count: headerBytes)
    try body.withUnsafeBytes { bytes in
      try headers.withUnsafeBytes { headers in
        var message = OutgoingMessage(exchange: names[0].view, routingKey: names[1].view)
        message.contentType = names[2].view
        message.messageID = names[3].view
        message.correlationID = names[4].view
        message.replyTo = names[5].view
        message.type = names[6].view
        message.headers = headers
        message.timestampSeconds = 12
        message.priority = 3
        try PublishEncoder.write(
          message, channel: 1, body: UnsafeRawBufferPointer(rebasing: bytes[..<split]),
          UnsafeRawBufferPointer(rebasing: bytes[split...]), frameMaxBytes: frameMaxBytes,
          into: &buffer)
      }
    }
    withExtendedLifetime(names) {}
    read(buffer, frameMaxBytes)
  }

  private mutating func read(_ buffer: ByteBuffer, _ frameMaxBytes: Int) {
    buffer.withUnsafeReadableBytes { bytes in
      var used = 0
      while case .frame(let frame, let length) = FrameScanner.next(
        in: UnsafeRawBufferPointer(rebasing: bytes[used...]), maximumBytes: frameMaxBytes)
      {
        used += length
        largest = max(largest, length)
        switch frame.kind {
        case .method:
          var reader = ByteReader(frame.payload)
          _ = reader.skip(6)
          exchange = reader.shortString().map { String(decoding: $0, as: UTF8.self) } ?? "?"
          routingKey = reader.shortString().map { String(decoding: $0, as: UTF8.self) } ?? "?"
        case .header:
          if let header = PropertiesScanner.contentHeader(frame.payload) {
            properties = PropertiesScanner.properties(header, at: 64) ?? MessageProperties()
          }
        case .body: body += Array(frame.payload)
        case .heartbeat: break
        }
      }
    }
  }
}
