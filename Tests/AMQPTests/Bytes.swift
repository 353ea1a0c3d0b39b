/// Writes what a broker would send, by hand: an encoder of its own, so that a mistake in ours does
/// not hide behind itself.
struct Bytes {
  var array: [UInt8] = []

  func octet(_ value: UInt8) -> Bytes { with([value]) }
  func short(_ value: UInt16) -> Bytes { with(withUnsafeBytes(of: value.bigEndian, Array.init)) }
  func long(_ value: UInt32) -> Bytes { with(withUnsafeBytes(of: value.bigEndian, Array.init)) }
  func longLong(_ value: UInt64) -> Bytes {
    with(withUnsafeBytes(of: value.bigEndian, Array.init))
  }
  func shortString(_ value: String) -> Bytes {
    octet(UInt8(value.utf8.count)).with(Array(value.utf8))
  }
  func longString(_ value: [UInt8]) -> Bytes { long(UInt32(value.count)).with(value) }

  func with(_ more: [UInt8]) -> Bytes { Bytes(array: array + more) }

  static func frame(_ kind: UInt8, _ channel: UInt16, _ payload: Bytes) -> [UInt8] {
    Bytes().octet(kind).short(channel).longString(payload.array).octet(0xCE).array
  }

  static func method(_ channel: UInt16, _ classID: UInt16, _ methodID: UInt16, _ arguments: Bytes)
    -> [UInt8]
  {
    frame(1, channel, Bytes().short(classID).short(methodID).with(arguments.array))
  }
}

/// The frames of a broker that the tests play.
enum Server {
  static func start(_ mechanisms: String = "AMQPLAIN PLAIN", table: [UInt8] = []) -> [UInt8] {
    Bytes.method(
      0, 10, 10,
      Bytes().octet(0).octet(9).longString(table).longString(Array(mechanisms.utf8))
        .longString(Array("en_US".utf8)))
  }

  static func deliver(
    _ tag: UInt64, body: [UInt8], consumer: Int = 0, redelivered: Bool = false,
    exchange: String = "x", routingKey: String = "k", flags: UInt16 = 0, properties: [UInt8] = [],
    pieces: Int = 1, channel: UInt16 = 1
  ) -> [UInt8] {
    let method = Bytes.method(
      channel, 60, 60,
      Bytes().shortString("meddela-\(consumer)").longLong(tag).octet(redelivered ? 1 : 0)
        .shortString(exchange).shortString(routingKey))
    return method + content(body, flags, properties, pieces, channel: channel)
  }

  static func returned(messageID: String, body: [UInt8]) -> [UInt8] {
    Bytes.method(
      1, 60, 50,
      Bytes().short(312).shortString("NO_ROUTE").shortString("x").shortString("k"))
      + content(body, 1 << 7, Bytes().shortString(messageID).array, 1)
  }

  static func content(
    _ body: [UInt8], _ flags: UInt16, _ properties: [UInt8], _ pieces: Int, channel: UInt16 = 1
  ) -> [UInt8] {
    var frames = Bytes.frame(
      2, channel,
      Bytes().short(60).short(0).longLong(UInt64(body.count)).short(flags).with(properties))
    let size = max(1, (body.count + pieces - 1) / pieces)
    var rest = body[...]
    while !rest.isEmpty {
      frames += Bytes.frame(3, channel, Bytes(array: Array(rest.prefix(size))))
      rest = rest.dropFirst(size)
    }
    return frames
  }

  static func ack(_ tag: UInt64, multiple: Bool = false) -> [UInt8] {
    Bytes.method(1, 60, 80, Bytes().longLong(tag).octet(multiple ? 1 : 0))
  }

  static func nack(_ tag: UInt64, multiple: Bool = false) -> [UInt8] {
    Bytes.method(1, 60, 120, Bytes().longLong(tag).octet(multiple ? 1 : 0))
  }
}
