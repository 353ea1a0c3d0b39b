/// The metadata keys of this target's log lines.
enum LogKey {
  static let brokerAddress = "broker.address"
  static let error = "error"
  static let retrySeconds = "retry.seconds"
  static let channelEpoch = "channel.epoch"
  static let unconfirmed = "publishes.unconfirmed"
  static let reason = "reason"
}
