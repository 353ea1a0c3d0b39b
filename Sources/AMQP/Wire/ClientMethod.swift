/// The control methods that we send. Publishes are written by `PublishEncoder`.
enum ClientMethod: Equatable {
  case startOk(StartOk)
  case tuneOk(channelMax: UInt16, frameMax: UInt32, heartbeatSeconds: UInt16)
  case open(vhost: String)
  case close(code: UInt16, text: String)
  case closeOk
  case channelOpen
  case channelFlowOk(isActive: Bool)
  case channelClose(code: UInt16, text: String)
  case channelCloseOk
  case confirmSelect
  case qos(prefetch: UInt16)
  case consume(queue: String, tag: String, isExclusive: Bool, arguments: [Argument])
  case cancel(tag: String)
  case get(queue: String)
  case ack(deliveryTag: UInt64, isMultiple: Bool)
  case nack(deliveryTag: UInt64, requeue: Bool)
  case reject(deliveryTag: UInt64, requeue: Bool)
  case topology(TopologyOperation)

  /// What `connection.start-ok` carries. Not printable: it holds the password.
  struct StartOk: Equatable, CustomStringConvertible, CustomDebugStringConvertible {
    let mechanism: String
    let response: [UInt8]
    let connectionName: String
    let product: String
    let version: String

    var description: String { "start-ok by \(mechanism)" }
    var debugDescription: String { description }
  }
}
