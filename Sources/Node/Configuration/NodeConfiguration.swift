internal import AMQP
internal import EventLog
package import Messages

/// The configuration of a node, read once and checked. The keys are those of `ConfigurationKey`.
package struct NodeConfiguration: Sendable {
  package struct TLS: Sendable {
    package var caFile: String?
    package var certificateFile: String?
    package var keyFile: String?
    package var serverName: String?
  }

  package enum TopologyMode: String, Sendable {
    case declare, assert, none
  }

  package var brokerURLs: [String]
  package var username: String
  package var password: String
  package var passwordFile: String?
  package var isExternal: Bool
  package var vhost: String
  package var heartbeatSeconds: Int
  package var tls: TLS
  package var prefix: String
  package var topologyMode: TopologyMode
  package var shards: ShardSet
  /// Waits for the lease of another owner instead of giving up.
  package var isStandby: Bool
  package var storePath: String
  package var segmentBytes: Int
  /// Whether somebody has said so: by default a new store takes less where there is little room.
  package var isSegmentBytesSet: Bool
  /// Ends where there is no store instead of making one.
  package var storeMustExist: Bool
  package var retentionDays: Int
  /// Of the store of one shard. Nil: any number.
  package var maxStoreBytes: Int?
  package var scrubBytesPerSecond: Int
  package var dropsDamaged: Bool
  package var templatesPath: String
  package var realtimePrefetch: Int
  package var batchPrefetch: Int
  package var deliveryLogsPrefetch: Int
  /// Nil: no limit.
  package var batchMaxPerSecond: Int?
  package var maxEventBytes: Int
  package var giveUpSeconds: Int
  package var retryMinSeconds: Int
  package var retryMaxSeconds: Int
  package var logTimeoutSeconds: Int
  package var logTimeoutRetries: Int
  package var publishedStatuses: Set<Status>
  package var publishesPassingPending: Bool
  package var declaresHistory: Bool
  package var httpHost: String
  /// Zero: no HTTP server.
  package var httpPort: Int
  package var logLevel: String
  /// Nil: text on a terminal, JSON elsewhere.
  package var logFormat: String?
  package var drainSeconds: Int
  /// Variables of the environment that are no keys, and were passed over: see `ServiceLinks`.
  package var passedOver: [String] = []

  static let mostPrefixBytes = 64
  /// Of a segment file.
  static let leastSegmentBytes = 1 << 24
  /// A store with the smallest segments.
  static let leastStoreBytes = EventLog.leastMaxBytes(segmentBytes: leastSegmentBytes)
  static let mostSegmentBytes = 1 << 34

  /// - Parameter hostName: of this machine; `shards.perOrdinal` goes by it.
  /// - Throws: every value that its key does not take, with its source.
  package init(
    _ values: ConfigurationValues, hostName: String = OwnerRecord.thisHost
  ) throws(ConfigurationError) {
    var read = ConfigurationReader(values)
    brokerURLs = read.list("broker.urls")
    username = read.text("broker.username")
    password = read.text("broker.password")
    passwordFile = read.optional("broker.passwordFile")
    isExternal = read.text("broker.mechanism") == "external"
    vhost = read.text("broker.vhost")
    heartbeatSeconds = read.integer("broker.heartbeatSeconds")
    tls = TLS(
      caFile: read.optional("broker.tls.caFile"),
      certificateFile: read.optional("broker.tls.certificateFile"),
      keyFile: read.optional("broker.tls.keyFile"),
      serverName: read.optional("broker.tls.serverName"))
    prefix = read.text("topology.prefix")
    topologyMode = TopologyMode(rawValue: read.text("topology.mode")) ?? .declare
    shards = read.shards(hostName: hostName)
    isStandby = read.text("shards.standby") == "true"
    storePath = read.text("store.path")
    segmentBytes = read.integer("store.segmentBytes")
    isSegmentBytesSet = values.isSet("store.segmentBytes")
    storeMustExist = read.text("store.mustExist") == "true"
    retentionDays = read.integer("store.retentionDays")
    maxStoreBytes = read.optionalInteger("store.maxBytes")
    scrubBytesPerSecond = read.integer("store.scrubBytesPerSecond")
    dropsDamaged = read.text("store.dropDamaged") == "true"
    templatesPath = read.text("templates.path")
    realtimePrefetch = read.integer("realtime.prefetch")
    batchPrefetch = read.integer("batch.prefetch")
    deliveryLogsPrefetch = read.integer("deliveryLogs.prefetch")
    batchMaxPerSecond = read.optionalInteger("batch.maxPerSecond")
    maxEventBytes = read.integer("events.maxBytes")
    giveUpSeconds = read.integer("delivery.giveUpSeconds")
    retryMinSeconds = read.integer("delivery.retryMinSeconds")
    retryMaxSeconds = read.integer("delivery.retryMaxSeconds")
    logTimeoutSeconds = read.integer("delivery.logTimeoutSeconds")
    logTimeoutRetries = read.integer("delivery.logTimeoutRetries")
    (publishedStatuses, publishesPassingPending) = read.statuses("status.publish")
    declaresHistory = read.text("status.history") == "true"
    httpHost = read.text("http.host")
    httpPort = read.integer("http.port")
    logLevel = read.text("log.level")
    logFormat = read.optional("log.format")
    drainSeconds = read.integer("drain.seconds")
    for relation in LimitRelation.all {
      read.check(relation.holds(self), relation.key, relation.expected(self))
    }
    read.check(
      !prefix.isEmpty && prefix.utf8.count <= Self.mostPrefixBytes
        && prefix.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-_.".contains($0)) },
      "topology.prefix", "expected 1 to 64 letters, digits, '-', '_' and '.'")
    read.check(!brokerURLs.isEmpty, "broker.urls", "expected at least one address")
    read.checkAddresses(brokerURLs)
    read.check(!storePath.isEmpty, "store.path", "expected a folder, not nothing")
    read.check(!templatesPath.isEmpty, "templates.path", "expected a folder, not nothing")
    passedOver = values.passedOver
    guard read.problems.isEmpty else { throw ConfigurationError(problems: read.problems) }
  }
}

extension NodeConfiguration {
  /// The folder of a shard's store.
  package func storePath(of shard: ShardNumber) -> String { "\(storePath)/\(shard)" }
}

/// Takes values as their keys want them, and gathers what does not fit.
private struct ConfigurationReader {
  let values: ConfigurationValues
  private(set) var problems: [String] = []
  private let keys = Dictionary(
    uniqueKeysWithValues: ConfigurationKey.all.map { ($0.name, $0) })

  init(_ values: ConfigurationValues) {
    self.values = values
  }

  mutating func optional(_ name: String) -> String? {
    guard let key = keys[name] else { preconditionFailure("\(name) is a known key") }
    guard let value = values.value(name) else { return nil }
    switch key.kind {
    case .choice(let choices) where !choices.contains(value.text):
      wrong(name, "expected one of \(choices.joined(separator: ", "))")
    case .flag where value.text != "true" && value.text != "false":
      wrong(name, "expected true or false")
    case .file where readBytes(value.text) == nil:
      wrong(name, "the file \(value.text) cannot be read")
    default: break
    }
    return value.text
  }

  mutating func text(_ name: String) -> String { optional(name) ?? "" }

  mutating func list(_ name: String) -> [String] {
    text(name).split(separator: ",").map { element in
      String(element.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
    }.filter { !$0.isEmpty }
  }

  mutating func integer(_ name: String) -> Int {
    guard case .integer(let range) = keys[name]?.kind else {
      preconditionFailure("\(name) is a number")
    }
    guard let value = Int(text(name)), range.contains(value) else {
      wrong(name, "expected a whole number from \(range.lowerBound) to \(range.upperBound)")
      return range.lowerBound
    }
    return value
  }

  mutating func optionalInteger(_ name: String) -> Int? {
    optional(name) == nil ? nil : integer(name)
  }

  mutating func statuses(_ name: String) -> (Set<Status>, Bool) {
    let names = list(name)
    if names.isEmpty { return (Set(Status.allCases), false) }
    if names == ["all"] { return (Set(Status.allCases), true) }
    var result: Set<Status> = []
    for text in names {
      guard let status = Status(wireName: text) else {
        let known = Status.allCases.map { "\($0.wireName)" }.joined(separator: ", ")
        wrong(name, "no status is called \(text); expected `all` or some of \(known)")
        continue
      }
      result.insert(status)
    }
    return (result, result.contains(.pending))
  }

  mutating func shards(hostName: String) -> ShardSet {
    let count = integer("shards.count")
    let own = optional("shards.own")
    let perOrdinal = optionalInteger("shards.perOrdinal")
    var name = "shards.own"
    do throws(ShardSetError) {
      switch (own, perOrdinal) {
      case (nil, nil): return ShardSet(count: count)
      case (let own?, nil): return try ShardSet(count: count, own: own)
      case (nil, let perOrdinal?):
        name = "shards.perOrdinal"
        return try ShardSet(count: count, perOrdinal: perOrdinal, hostName: hostName)
      case (.some, .some): throw ShardSetError("expected either this or shards.perOrdinal")
      }
    } catch {
      wrong(name, error.message)
      return ShardSet(count: count)
    }
  }

  mutating func check(_ holds: Bool, _ name: String, _ expected: String) {
    if !holds { wrong(name, expected) }
  }

  mutating func checkAddresses(_ urls: [String]) {
    for url in urls {
      do {
        _ = try BrokerAddress(url: url)
      } catch {
        wrong("broker.urls", "\(error.message)\(error.advice.isEmpty ? "" : "; \(error.advice)")")
      }
    }
  }

  private mutating func wrong(_ name: String, _ expected: String) {
    problems.append("\(values.value(name)?.source ?? "default"): \(name): \(expected)")
  }
}
