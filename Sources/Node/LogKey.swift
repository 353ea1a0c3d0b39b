/// Keys of log metadata.
enum LogKey {
  static let activeEvents = "shard.activeEvents"
  static let advice = "advice"
  static let channels = "templates.channels"
  static let error = "error"
  static let indexedEvents = "store.indexedEvents"
  static let link = "broker.link"
  static let nextLSN = "store.nextLSN"
  static let path = "path"
  static let reason = "reason"
  static let queue = "broker.queue"
  static let seconds = "seconds"
  static let templates = "templates.count"
  static let eventsToRecover = "shard.eventsToRecover"
  static let tornBytes = "store.tornBytes"
  static let records = "store.records"
}
