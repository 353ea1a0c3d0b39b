internal import Execution
internal import Glibc
internal import Logging
internal import NIOCore
internal import NIOPosix

/// The requests of a shard's control socket that the engine has not answered yet. Used on the
/// shard's event loop.
struct ControlRequests {
  private var pending: [UInt64: (channel: any Channel, eventID: [UInt8])] = [:]
  private var nextToken: UInt64 = 1
  /// Set once the socket listens.
  var listener: (any Channel)?

  mutating func add(_ eventID: [UInt8], from channel: any Channel) -> UInt64 {
    defer { nextToken += 1 }
    pending[nextToken] = (channel, eventID)
    return nextToken
  }

  mutating func answer(_ answer: RedriveAnswer) {
    self.answer(answer.token) { ControlProtocol.answer($0, answer.outcome) }
  }

  mutating func answer(_ answer: CancelAnswer) {
    self.answer(answer.token) { ControlProtocol.answer($0, answer.outcome) }
  }

  private mutating func answer(_ token: UInt64, _ line: (_ eventID: [UInt8]) -> [UInt8]) {
    guard let request = pending.removeValue(forKey: token) else { return }
    // Whoever asked may be gone: then nobody hears it.
    request.channel.writeAndFlush(ByteBuffer(bytes: line(request.eventID)), promise: nil)
  }

  mutating func close() {
    listener?.close(promise: nil)
    listener = nil
    pending = [:]
  }
}

extension ShardRunner {
  /// Listens in the store's folder. The shard works without, so a failure is a warning.
  func listenForControl() {
    let path = ControlProtocol.path(store: configuration.storePath, shard: shard)
    let runner = NIOLoopBound(self, eventLoop: eventLoop)
    let bound = ServerBootstrap(group: eventLoop)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(ControlHandler(runner.value))
        }
      }
      .bind(unixDomainSocketPath: path, cleanupExistingSocketFile: true)
    bound.hop(to: eventLoop).assumeIsolated().whenComplete { [self] result in
      switch result {
      case .success(let channel):
        // Who may read the store may also ask for what is in it; nobody else.
        chmod(path, 0o600)
        if hasEnded { channel.close(promise: nil) } else { control.listener = channel }
      case .failure(let error):
        logger.warning(
          "The control socket cannot be opened; events redrive, resend and cancel will not work",
          metadata: [LogKey.path: "\(path)", LogKey.error: "\(error)"])
      }
    }
  }

  /// A person wants an event delivered after all, or once more, or not at all.
  func carryOut(_ request: ControlProtocol.Request, from channel: any Channel) {
    let token = control.add(request.eventID, from: channel)
    switch request.command {
    case .redrive:
      engine.redrive(id: request.eventID, sequence: request.sequence, token: token)
    case .resend:
      engine.resend(id: request.eventID, sequence: request.sequence, token: token)
    case .cancel:
      engine.cancel(id: request.eventID, token: token)
    }
    scheduleTurn()
  }
}

/// One connection to the control socket: cuts what comes into lines.
final class ControlHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let runner: ShardRunner
  private var line: [UInt8] = []

  init(_ runner: ShardRunner) {
    self.runner = runner
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    for byte in unwrapInboundIn(data).readableBytesView {
      if byte == 0x0A {
        take(context)
        line.removeAll(keepingCapacity: true)
      } else if line.count < ControlProtocol.maxLineBytes {
        line.append(byte)
      } else {
        return context.close(promise: nil)
      }
    }
  }

  private func take(_ context: ChannelHandlerContext) {
    if let notice = RevealNotice(line) {
      notice.log(runner.logger)
      context.writeAndFlush(
        wrapOutboundOut(ByteBuffer(bytes: RevealNotice.answer)), promise: nil)
    } else if let request = ControlProtocol.request(line) {
      runner.carryOut(request, from: context.channel)
    } else {
      context.writeAndFlush(
        wrapOutboundOut(ByteBuffer(bytes: ControlProtocol.refusal)), promise: nil)
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    context.close(promise: nil)
  }
}
