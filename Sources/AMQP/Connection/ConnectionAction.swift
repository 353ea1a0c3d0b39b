/// What the owner of a `ConnectionMachine` must do, in order.
enum ConnectionAction: Equatable {
  case none
  case sendProtocolHeader
  case sendHeartbeat
  case send(ClientMethod, channel: UInt16)
  case message(IncomingMessage)
  case event(ConnectionEvent)
  case several([ConnectionAction])

  /// Both, without an array where one of them is nothing.
  func then(_ next: ConnectionAction) -> ConnectionAction {
    switch (self, next) {
    case (.none, _): next
    case (_, .none): self
    case (.several(let first), .several(let second)): .several(first + second)
    case (.several(let first), _): .several(first + [next])
    case (_, .several(let second)): .several([self] + second)
    default: .several([self, next])
    }
  }
}

/// What the owner learns from a connection.
enum ConnectionEvent: Equatable {
  /// Logged in; the machine goes on to the topology and the channel by itself.
  case opened
  /// The work channel is set up: publishing and settling are possible, consumers are consuming.
  case ready(epoch: UInt32)
  /// The work channel is gone (or could not be set up) and the connection is not: call `reopen`.
  /// Every unconfirmed publish of the epoch is lost, in order.
  case channelLost(AMQPError, unconfirmed: [UInt64])
  /// The queue that was asked for a message has none ready.
  case nothingToGet
  /// `setConsuming` has been carried out.
  case consuming(Bool)
  /// The oldest retired channel is closed: what it held is on its way back to its queue.
  case gaveBack
  case returned(ReturnedMessage)
  case oversized(OversizedMessage)
  case blocked(reason: String)
  case unblocked
  case answered(call: Int, Result<[TopologyAnswer], AMQPError>)
  /// The connection is over: close the socket after what was sent. nil when we asked for it.
  case closed(AMQPError?, unconfirmed: [UInt64])
}
