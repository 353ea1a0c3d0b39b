/// The control methods that the broker sends. Those of content (deliver, get-ok, return, ack,
/// nack) are decoded in place: see `ContentMethods.swift`.
enum ServerMethod: Equatable {
  case start(mechanisms: [String])
  case secure
  case tune(channelMax: UInt16, frameMax: UInt32, heartbeatSeconds: UInt16)
  case openOk
  case close(code: UInt16, text: String)
  case closeOk
  case blocked(reason: String)
  case unblocked
  case channelOpenOk
  case channelFlow(isActive: Bool)
  case channelClose(code: UInt16, text: String)
  case channelCloseOk
  case confirmSelectOk
  case qosOk
  case consumeOk
  case cancel
  case cancelOk
  case getEmpty
  case topologyOk(TopologyAnswer)
  case unknown(UInt32)

  /// The numbers of the content methods (class << 16 | method).
  static let basicReturn: UInt32 = 60 << 16 | 50
  static let basicDeliver: UInt32 = 60 << 16 | 60
  static let basicGetOk: UInt32 = 60 << 16 | 71
  static let basicAck: UInt32 = 60 << 16 | 80
  static let basicNack: UInt32 = 60 << 16 | 120
}
