/// How long a message may stay unacknowledged: four times that follow each other.
/// `fit` says how, and is checked at the start.
package enum UnacknowledgedTimes {
  /// The broker has taken nothing from us for so long: the shard stops consuming.
  package static let consumingStops: TimeSpan = .minutes(1)
  /// No event keeps a message unacknowledged for longer: it waits in the event log then.
  static let eventsWait: TimeSpan = .minutes(5)
  /// The broker has taken nothing from us for so long: what still waits for a receipt or a parked
  /// copy to be published goes back to its queue.
  package static let givenBack: TimeSpan = .minutes(9)
  /// Nothing stays unacknowledged for so long. RabbitMQ closes a channel that keeps a message for
  /// 30 minutes.
  static let most: TimeSpan = .minutes(10)

  /// Whether what is to happen first does, and all of it before the time is over. A message that
  /// waits and is processed alone then (`EngineLimits.suspectAlone`) counts with both.
  static func fit(
    consumingStops: TimeSpan = consumingStops, eventsWait: TimeSpan = eventsWait,
    givenBack: TimeSpan = givenBack, most: TimeSpan = most
  ) -> Bool {
    EngineLimits.confirmDeadline < consumingStops && consumingStops < eventsWait
      && eventsWait + EngineLimits.suspectAlone < givenBack && givenBack < most
  }
}
