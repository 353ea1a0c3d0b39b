/// A key that the configuration may set: its name, what it takes, its default, what it is for.
package struct ConfigurationKey: Sendable {
  package enum Kind: Sendable {
    case text
    /// A file that must be readable when it is named.
    case file
    case list
    case flag
    case integer(ClosedRange<Int>)
    case choice([String])
  }

  package let name: String
  package let kind: Kind
  /// As it would be written. Nil: nothing is set.
  package let defaultValue: String?
  package let isSecret: Bool
  package let summary: String

  init(
    _ name: String, _ kind: Kind, _ defaultValue: String?, isSecret: Bool = false,
    _ summary: String
  ) {
    self.name = name
    self.kind = kind
    self.defaultValue = defaultValue
    self.isSecret = isSecret
    self.summary = summary
  }

  /// `broker.tls.caFile` is `MEDDELA_BROKER_TLS_CA_FILE`.
  package var environmentName: String {
    var result = "MEDDELA_"
    var isAfterLower = false
    for character in name {
      if character == "." {
        result += "_"
        isAfterLower = false
        continue
      }
      if character.isUppercase, isAfterLower { result += "_" }
      isAfterLower = character.isLowercase
      result += character.uppercased()
    }
    return result
  }

  /// Of one consumer: what a quorum queue allows.
  static let mostPrefetch = 2_000

  package static let all: [ConfigurationKey] =
    broker + topology + shards + store + inlets + delivery + operation

  private static let broker: [ConfigurationKey] = [
    .init(
      "broker.urls", .list, "amqp://127.0.0.1:5672",
      "addresses of the broker's nodes, amqp:// or amqps://"),
    .init("broker.username", .text, "guest", "name to log in with"),
    .init(
      "broker.password", .text, "guest", isSecret: true,
      "password; not on the command line, better in a file"),
    .init("broker.passwordFile", .file, nil, "file with the password, read at every connect"),
    .init(
      "broker.mechanism", .choice(["plain", "external"]), "plain",
      "how to log in: password, or the client certificate"),
    .init("broker.vhost", .text, "/", "virtual host"),
    .init("broker.heartbeatSeconds", .integer(1...3_600), "15", "heartbeat to ask for"),
    .init("broker.tls.caFile", .file, nil, "certificates to trust (PEM)"),
    .init("broker.tls.certificateFile", .file, nil, "client certificate (PEM)"),
    .init("broker.tls.keyFile", .file, nil, "the client certificate's key (PEM)"),
    .init("broker.tls.serverName", .text, nil, "name to expect instead of the host's"),
  ]

  private static let topology: [ConfigurationKey] = [
    .init("topology.prefix", .text, "meddela", "first part of every exchange and queue name"),
    .init(
      "topology.mode", .choice(["declare", "assert", "none"]), "declare",
      "make exchanges and queues, check that they exist, or neither"),
  ]

  private static let shards: [ConfigurationKey] = [
    .init(
      "shards.count", .integer(1...ShardSet.mostShards), "1",
      "shards that there are in all processes; fixed by the first start"),
    .init(
      "shards.own", .text, nil,
      "those that this process runs, such as 0-3,6; all unless it is set"),
    .init(
      "shards.perOrdinal", .integer(1...ShardSet.mostShards), nil,
      "so many shards for each process, by the number at the end of its host name"),
    .init(
      "shards.standby", .flag, "false",
      "wait until another service lets the queues go, and take over then"),
  ]

  private static let store: [ConfigurationKey] = [
    .init("store.path", .text, "data", "folder of the event log"),
    .init(
      "store.segmentBytes",
      .integer(NodeConfiguration.leastSegmentBytes...NodeConfiguration.mostSegmentBytes),
      "268435456", "bytes of a segment file; unless it is set, less where there is little room"),
    .init(
      "store.mustExist", .flag, "false",
      "end where there is no event log (its volume is not mounted) instead of making one"),
    .init(
      "store.retentionDays", .integer(1...36_500), "30", "days that final events are kept"),
    .init(
      "store.maxBytes", .integer(NodeConfiguration.leastStoreBytes...1 << 60), nil,
      "bytes that a shard's store takes; beyond them the oldest final events go"),
    .init(
      "store.scrubBytesPerSecond", .integer(0...1 << 30), "4194304",
      "how fast stored data is read again to find damage; 0: not at all"),
    .init(
      "store.dropDamaged", .flag, "false",
      "remove an expired segment even if it is damaged; otherwise it and those behind it are kept"),
    .init("templates.path", .text, "templates", "folder of the message templates"),
  ]

  private static let inlets: [ConfigurationKey] = [
    .init(
      "realtime.prefetch", .integer(1...mostPrefetch), "1000",
      "real-time messages unacknowledged at one time"),
    .init(
      "batch.prefetch", .integer(1...mostPrefetch), "1000",
      "batch messages unacknowledged at one time"),
    .init(
      "batch.maxPerSecond", .integer(1...1_000_000), nil,
      "batch deliveries in a second; what comes faster is accepted and waits"),
    .init(
      "deliveryLogs.prefetch", .integer(1...mostPrefetch), "1000",
      "delivery logs unacknowledged at one time"),
    .init(
      "events.maxBytes", .integer(1_024...16 << 20), "1048576", "bytes of one event at most"),
  ]

  private static let delivery: [ConfigurationKey] = [
    .init(
      "delivery.giveUpSeconds", .integer(1...31_536_000), "86400",
      "an event that cannot be handed to the broker for so long is expired"),
    .init("delivery.retryMinSeconds", .integer(1...3_600), "1", "first wait before a retry"),
    .init("delivery.retryMaxSeconds", .integer(1...86_400), "300", "longest wait"),
    .init(
      "delivery.logTimeoutSeconds", .integer(1...31_536_000), "86400",
      "a delivery that no log answers for so long is published again"),
    .init(
      "delivery.logTimeoutRetries", .integer(0...100), "1",
      "how often; then the event is expired"),
    .init(
      "status.publish", .list, nil,
      "statuses to publish, or `all`; by default all but a passing pending"),
    .init("status.history", .flag, "false", "declare the stream that keeps status updates"),
  ]

  private static let operation: [ConfigurationKey] = [
    .init("http.host", .text, "127.0.0.1", "address of health and metrics"),
    .init("http.port", .integer(0...65_535), "8080", "port of health and metrics; 0: none"),
    .init(
      "log.level", .choice(["trace", "debug", "info", "notice", "warning", "error"]), "info",
      "least severe log line"),
    .init(
      "log.format", .choice(["text", "json"]), nil,
      "by default text on a terminal, JSON elsewhere"),
    .init(
      "drain.seconds", .integer(1...3_600), "25",
      "longest time to finish what is in flight after SIGTERM"),
  ]
}
