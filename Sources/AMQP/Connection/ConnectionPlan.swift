/// What one connection is to do: known before it is opened.
struct ConnectionPlan {
  enum Login {
    case plain(username: String, password: Secret)
    /// The broker takes the name from our certificate.
    case external
  }

  var login: Login
  var vhost = "/"
  var connectionName = ""
  var product = "Meddela"
  var version = ""
  var heartbeatSeconds: UInt16 = 15
  var frameMaxBytes = AMQPLimits.frameMaxBytes
  var maximumBodyBytes = AMQPLimits.defaultMaximumBodyBytes
  var callTimeoutNanoseconds: UInt64 = 10_000_000_000
  var topology: [TopologyOperation] = []
  var consumers: [Consumer] = []
  var publishes = false
  /// The highest channel number that is asked for: what the broker allows may be less.
  var channelMax = ConnectionMachine.controlChannel
}
