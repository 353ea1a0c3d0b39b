/// Every bound of this target in one place, with its unit last in the name.
package enum AMQPLimits {
  /// The largest frame we offer in `connection.tune-ok`, and RabbitMQ's own default.
  package static let frameMaxBytes: UInt32 = 131_072
  /// The smallest frame size a broker may ask for: 4096 by the protocol. A broker that tunes lower
  /// is refused (the specification calls it an error).
  package static let frameMinBytes: UInt32 = 4_096
  /// Bytes around a frame's payload: type, channel, size, and the end octet.
  package static let frameOverheadBytes = 8
  /// What our frames may be before `connection.tune` has said otherwise.
  package static let handshakeFrameMaxBytes = 131_072
  /// A larger message body is drained and reported, never stored: RabbitMQ 4's own limit.
  package static let defaultMaximumBodyBytes = 16 << 20
  /// Spare readable bytes after a body, for parsers that read past the end (simdjson reads 64).
  package static let bodyPaddingBytes = 64
  /// A short string's length is one octet.
  package static let shortStringBytes = 255
  /// How deep tables may be nested before the library's recursive decoder is trusted with them.
  package static let tableDepth = 16
  /// Time a remote call may take before the connection is given up.
  package static let defaultCallTimeoutSeconds: Double = 10
  /// The span of the reconnection backoff (full jitter: a random time below the current step).
  package static let backoffMinimumSeconds: Double = 0.2
  /// See `backoffMinimumSeconds`.
  package static let backoffMaximumSeconds: Double = 30
  /// A link must have been ready this long before its backoff starts from the beginning again.
  package static let healthySeconds: Double = 5
  /// An acknowledgement waits this long behind an unsettled message before it is sent singly.
  package static let acknowledgementHoleSeconds: Double = 0.05
  /// This many settled messages are acknowledged without waiting for the end of the turn.
  package static let acknowledgementBatch = 256
  /// Encoded bytes that leave without waiting for the end of the turn.
  package static let flushBytes = 128 << 10
  /// Bytes handed to the socket and not taken by it: above this the link says it is not writable.
  package static let outboundHighWaterBytes = 1 << 20
  /// Below this a link that was not writable is writable again.
  package static let outboundLowWaterBytes = 256 << 10
  /// What one read of the socket may bring.
  package static let readBufferBytes = 64 << 10
  /// RabbitMQ gives one consumer of a quorum queue no more unsettled messages.
  package static let quorumConsumerMessages = 2_000
  /// A browser holds messages on so many channels of a connection: what RabbitMQ allows by itself
  /// (`channel_max`). Where it is set to less, a browser has less.
  package static let browsedChannels: UInt16 = 2_047
  /// A browser holds so many bytes that nobody has asked for; then one more message may come.
  package static let browsedBytes = 16 << 20
  /// The text of a broker's error that is kept.
  package static let replyTextBytes = 255

  /// The relations between the bounds, checked once when a link is made.
  static func check() {
    precondition(frameMinBytes <= frameMaxBytes, "The smallest frame is above the largest")
    precondition(outboundLowWaterBytes < outboundHighWaterBytes, "Water marks are crossed")
    precondition(flushBytes < outboundHighWaterBytes, "A flush would not fit the water mark")
    precondition(
      browsedChannels > ConnectionMachine.controlChannel, "A browser has no channel to add")
    precondition(backoffMinimumSeconds < backoffMaximumSeconds, "Backoff bounds are crossed")
  }
}
