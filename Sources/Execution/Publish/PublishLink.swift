/// A publishing connection of a shard, by number: three fixed ones, then one for each lane and
/// channel that deliveries go to. RabbitMQ stops reading a whole connection when a queue that it
/// leads to stands still, so no two delivery queues share one.
package struct PublishLink: Hashable, Sendable {
  package let rawValue: Int

  package init(rawValue: Int) {
    self.rawValue = rawValue
  }

  /// Status updates.
  package static let status = PublishLink(rawValue: 0)
  /// Parked messages. Opened when the first is parked.
  package static let parking = PublishLink(rawValue: 1)
  /// Receipts. Opened when the first is asked for.
  package static let receipts = PublishLink(rawValue: 2)

  package static let fixed: [PublishLink] = [.status, .parking, .receipts]

  /// Deliveries of the engine's delivery queue with this number.
  static func deliveries(_ queue: Int) -> PublishLink {
    PublishLink(rawValue: fixed.count + queue)
  }

  /// The number of the delivery queue; nil for a fixed one.
  var deliveryQueue: Int? {
    rawValue >= Self.fixed.count ? rawValue - Self.fixed.count : nil
  }
}

/// A publishing connection to open, under the name that logs, metrics and the broker show.
package struct LinkOrder: Sendable, Equatable {
  package var link: PublishLink
  package var name: String
}

/// Why a publishing connection, or the channel on it, is gone.
package enum LinkLoss: Sendable, Equatable {
  /// The network, the broker or we ourselves ended it: no message is to blame.
  case connection
  /// The broker refuses whatever is published there: no permission, or no such exchange.
  case refusesAll
  /// The broker closed it over one of the messages that were published and not confirmed.
  /// `mostBytes`: it takes no larger body, when it said so.
  case refusesMessage(mostBytes: Int?)
}
