internal import NIOCore
internal import NIOSSL

extension AMQPError {
  /// The error of a socket or its TLS, in our words.
  init(channelError error: any Error) {
    switch error {
    case let error as AMQPError:
      self = error
    case let error as IOError:
      self.init(
        .ioFailed, "The socket failed: \(error.description)", nativeCode: Int(error.errnoCode))
    case NIOSSLError.uncleanShutdown:
      self.init(.closedByPeer, "The broker closed the socket")
    case let error as NIOSSLError:
      self.init(
        .tlsFailed, "TLS failed: \(error)",
        advice: "check that the port speaks TLS, and the certificates of both sides")
    case let error as NIOSSLExtraError:
      self.init(
        .tlsFailed, "The broker's certificate does not fit: \(error)",
        advice: "connect by a name in the certificate or set broker.tls.serverName")
    case let error as BoringSSLError:
      self.init(.tlsFailed, "TLS failed: \(error)", advice: "check the certificates")
    default:
      self.init(.ioFailed, "The connection failed: \(type(of: error))")
    }
  }

  /// The error of a failed connect.
  init(connectError error: any Error, address: BrokerAddress) {
    let failed = "Cannot connect to \(address)"
    let advice = "check that the broker runs and that host and port are right"
    switch error {
    case let error as AMQPError:
      self = error
    case let error as IOError:
      self.init(
        .connectFailed, "\(failed): \(error.description)", advice: advice,
        nativeCode: Int(error.errnoCode))
    case let error as ChannelError:
      if case .connectTimeout = error {
        self.init(.connectFailed, "\(failed): no answer in time", advice: advice)
      } else {
        self.init(.connectFailed, failed, advice: advice)
      }
    default:
      // Happy eyeballs wraps one error an address; the first tells enough.
      self.init(.connectFailed, "\(failed): \(error)", advice: advice)
    }
  }
}
