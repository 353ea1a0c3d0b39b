/// One broker, as an `amqp://` or `amqps://` URL names it.
package struct BrokerAddress: Sendable, Equatable {
  /// A host name, or an IPv4 or IPv6 address without brackets.
  package var host: String
  /// 5672, or 5671 with TLS, when the URL does not say.
  package var port: Int
  /// Whether the URL's scheme is `amqps`.
  package var usesTLS: Bool
  /// From the URL's user part: replaces the configured one.
  package var username: String?
  /// From the URL's user part: replaces the configured one.
  package var password: Secret?
  /// From the URL's path: replaces the configured one. `amqp://host/` names none.
  package var vhost: String?

  /// Names a broker directly.
  package init(
    host: String, port: Int = 5672, usesTLS: Bool = false, username: String? = nil,
    password: Secret? = nil, vhost: String? = nil
  ) {
    self.host = host
    self.port = port
    self.usesTLS = usesTLS
    self.username = username
    self.password = password
    self.vhost = vhost
  }
}

extension BrokerAddress: CustomStringConvertible {
  /// Host and port, never the user part.
  package var description: String {
    let name = host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]" : host
    return "\(usesTLS ? "amqps" : "amqp")://\(name):\(port)"
  }
}
