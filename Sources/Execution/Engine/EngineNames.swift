import Messages

/// Names that go into every message, as bytes.
struct EngineNames {
  let deliveryLogQueue: [UInt8]
  let statusExchange: [UInt8]
  let prefixWithDot: [UInt8]
  let version: [UInt8]
  static let json = Array("application/json".utf8)
  static let cloudEvent = Array("application/cloudevents+json".utf8)
  static let xml = Array("application/xml".utf8)
  static let status = Array("status-update".utf8)
  static let receipt = Array("receipt".utf8)

  init(_ settings: EngineSettings) {
    deliveryLogQueue = Array("\(settings.prefix).delivery-logs.\(settings.shard)".utf8)
    statusExchange = Array("\(settings.prefix).status".utf8)
    prefixWithDot = Array("\(settings.prefix).".utf8)
    version = Array(settings.version.utf8)
  }
}
