/// Cuts input into frames: a header of seven octets (type, channel, size), the payload, and the
/// end octet 0xCE (AMQP 0-9-1 section 4.2.3). Keeps nothing; the caller keeps what is left over.
struct FrameScanner {
  enum Step {
    case frame(Frame, length: Int)
    case needsMore
    case malformed(AMQPError)
  }

  static let headerBytes = 7
  static let endOctet: UInt8 = 0xCE

  /// The next frame of `input`, which starts at a frame's first octet.
  ///
  /// - Parameter maximumBytes: the negotiated frame size, which counts header and end octet.
  @inline(__always)
  static func next(in input: UnsafeRawBufferPointer, maximumBytes: Int) -> Step {
    guard input.count >= headerBytes else { return .needsMore }
    guard let kind = Frame.Kind(rawValue: input[0]) else {
      return .malformed(unknownType(input))
    }
    let channel = UInt16(bigEndian: input.loadUnaligned(fromByteOffset: 1, as: UInt16.self))
    let size = Int(UInt32(bigEndian: input.loadUnaligned(fromByteOffset: 3, as: UInt32.self)))
    guard size + AMQPLimits.frameOverheadBytes <= maximumBytes else {
      return .malformed(
        AMQPError(.malformedFrame, "A frame of \(size) bytes is above the size agreed on"))
    }
    let length = headerBytes + size + 1
    guard input.count >= length else { return .needsMore }
    guard input[length - 1] == endOctet else {
      return .malformed(AMQPError(.malformedFrame, "A frame does not end with 0xCE"))
    }
    let payload = UnsafeRawBufferPointer(rebasing: input[headerBytes..<headerBytes + size])
    return .frame(Frame(kind: kind, channel: channel, payload: payload), length: length)
  }

  /// A broker that does not speak our version answers with its own protocol header.
  private static func unknownType(_ input: UnsafeRawBufferPointer) -> AMQPError {
    if input[0] == UInt8(ascii: "A"), input[1] == UInt8(ascii: "M") {
      return AMQPError(
        .unsupportedProtocol, "The peer speaks another version of AMQP",
        advice: "connect to a broker that speaks AMQP 0-9-1")
    }
    return AMQPError(
      .malformedFrame, "The peer sent a frame of unknown type \(input[0])",
      advice: "check that the port is the broker's AMQP port and whether it expects TLS")
  }
}
