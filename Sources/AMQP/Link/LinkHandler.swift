internal import NIOCore

/// Hands what the channel says to its link. One for each connection.
final class LinkHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let link: BrokerLink
  private let generation: UInt64

  init(_ link: BrokerLink, generation: UInt64) {
    self.link = link
    self.generation = generation
  }

  private var isCurrent: Bool { link.generation == generation }

  func handlerAdded(context: ChannelHandlerContext) {
    if context.channel.isActive { channelActive(context: context) }
  }

  func channelActive(context: ChannelHandlerContext) {
    guard isCurrent else { return context.close(promise: nil) }
    link.connected(context)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard isCurrent else { return }
    link.read(unwrapInboundIn(data))
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    guard isCurrent else { return }
    link.readComplete()
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    guard isCurrent, context.channel.isWritable else { return }
    link.becameWritable()
  }

  func channelInactive(context: ChannelHandlerContext) {
    guard isCurrent else { return }
    link.disconnected(AMQPError(.closedByPeer, "The broker closed the socket"))
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    guard isCurrent else { return context.close(promise: nil) }
    link.disconnected(AMQPError(channelError: error))
  }
}
