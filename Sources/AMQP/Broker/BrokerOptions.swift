/// How to reach the broker and log in. Files named here are read again at every connect, so that
/// a rotated password or certificate is taken up without a restart.
package struct BrokerOptions: Sendable {
  /// Where the password is.
  package enum Password: Sendable {
    /// Given.
    case value(Secret)
    /// The first line of a file.
    case file(path: String)
  }

  /// How we prove who we are.
  package enum Login: Sendable {
    /// PLAIN, by `username` and `password`.
    case password
    /// EXTERNAL: the broker takes the name from the client certificate.
    case certificate
  }

  /// Brokers of one cluster: at least one.
  package var addresses: [BrokerAddress]
  /// How we prove who we are. The default is `password`.
  package var login = Login.password
  /// The user, unless an address names one. The default is `guest`.
  package var username = "guest"
  /// The password, unless an address has one. The default is `guest`.
  package var password = Password.value(Secret("guest"))
  /// The virtual host, unless an address names one. The default is `/`.
  package var vhost = "/"
  /// What we ask for; the broker may ask for less. 0 turns heartbeats off. The default is 15.
  package var heartbeatSeconds: UInt16 = 15
  /// TLS, for `amqps` addresses.
  package var tls = TLSOptions()
  /// What the broker's management shows for our connections.
  package var connectionName = "meddela"
  /// Our version, for the broker's management.
  package var version = ""
  /// How long the broker may take for connecting and for each answer. The default is 10.
  package var callTimeoutSeconds = AMQPLimits.defaultCallTimeoutSeconds
  /// Larger bodies are reported as oversized, not kept. The default is 16 MiB.
  package var maximumBodyBytes = AMQPLimits.defaultMaximumBodyBytes

  /// The call timeout within sensible bounds.
  var callTimeoutNanoseconds: UInt64 {
    UInt64(max(0.1, min(callTimeoutSeconds, 3600)) * 1e9)
  }

  /// Options with their defaults.
  package init(addresses: [BrokerAddress]) {
    self.addresses = addresses
  }
}

/// The certificates of a TLS connection, by path. TLS below 1.2 is never spoken, and the broker's
/// certificate is always verified, with its host name or IP address.
package struct TLSOptions: Sendable {
  /// PEM file of the authorities to trust; the system's own when nil.
  package var caFile: String?
  /// PEM file of our certificate chain.
  package var certificateFile: String?
  /// PEM file of our private key.
  package var keyFile: String?
  /// The name to verify and to send as SNI, when it is not the address's host.
  package var serverName: String?

  /// No client certificate, the system's authorities.
  package init() {}
}

/// What one link is for. A link has consumers, or publishes, or both; only one without publishing
/// may pause its intake.
package struct LinkRole: Sendable {
  /// Run again at every connect, before anything else.
  package var topology: [TopologyOperation]
  /// Consumed once the channel is up (unless `startsConsuming` is false).
  package var consumers: [Consumer]
  /// Whether the link publishes, with confirms.
  package var publishes: Bool
  /// Whether consumers start by themselves. The default is true.
  package var startsConsuming: Bool
  /// Up to so many channels, one after the other, hold what comes: see `beginChannel`. nil, the
  /// default, for a link that has the one. Only for one consumer, and without publishing.
  package var mostChannels: UInt16?

  /// Makes a role.
  package init(
    topology: [TopologyOperation] = [], consumers: [Consumer] = [], publishes: Bool = false,
    startsConsuming: Bool = true
  ) {
    self.topology = topology
    self.consumers = consumers
    self.publishes = publishes
    self.startsConsuming = startsConsuming
  }
}
