/// How long a message may stay unacknowledged, in nanoseconds: four times that follow each other.
/// `fit` says how, and is checked at the start.
package enum UnacknowledgedTimes {
  /// The broker has taken nothing from us for so long: the shard stops consuming.
  package static let consumingStops: UInt64 = 60_000_000_000
  /// No event keeps a message unacknowledged for longer: it waits in the event log then.
  static let eventsWait: UInt64 = 300_000_000_000
  /// The broker has taken nothing from us for so long: what still waits for a receipt or a parked
  /// copy to be published goes back to its queue.
  package static let givenBack: UInt64 = 540_000_000_000
  /// Nothing stays unacknowledged for so long. RabbitMQ closes a channel that keeps a message for
  /// 30 minutes.
  static let most: UInt64 = 600_000_000_000

  /// Whether what is to happen first does, and all of it before the time is over. A message that
  /// waits and is processed alone then (`EngineLimits.suspectAlone`) counts with both.
  static func fit(
    consumingStops: UInt64 = consumingStops, eventsWait: UInt64 = eventsWait,
    givenBack: UInt64 = givenBack, most: UInt64 = most
  ) -> Bool {
    EngineLimits.confirmDeadline < consumingStops && consumingStops < eventsWait
      && eventsWait + EngineLimits.suspectAlone < givenBack && givenBack < most
  }
}
