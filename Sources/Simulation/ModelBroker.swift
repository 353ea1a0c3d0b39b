import DequeModule
import Execution
import Messages

/// The broker of a simulated shard: three queues that lead to it, and what it has published.
struct ModelBroker {
  struct Message {
    var body: [UInt8]
    var messageID: String
    var replyTo: String
    /// Of the events, or of the logs' events, that it carries.
    var ids: [String]
    var deliveryCount: UInt32 = 0
    /// Whether it is a cancel.
    var isCancel = false
    /// Of a delivery log.
    var log: SentLog?
  }

  /// What a delivery engine has said.
  struct SentLog {
    var deliveryID: String
    var occurredAt: Timestamp
    var outcome: Status
    /// Its place in `Simulation.sentLogs`; -1 for none.
    var number = -1
  }

  /// A queue with its single consumer's channel.
  struct Queue {
    var ready: Deque<Message> = []
    var unacked: [UInt64: Message] = [:]
    var nextTag: UInt64 = 1
    var epoch: UInt32 = 1
  }

  final class Published {
    let exchange: OutboundExchange
    let routingKey: String
    let messageID: String
    let replyTo: String
    let body: [UInt8]
    /// Of a parked copy.
    let reason: String
    /// Where it goes, by the names of `BrokerTrouble`.
    let queue: String

    init(
      exchange: OutboundExchange, routingKey: String, messageID: String, replyTo: String,
      body: [UInt8], reason: String
    ) {
      self.exchange = exchange
      self.routingKey = routingKey
      self.messageID = messageID
      self.replyTo = replyTo
      self.body = body
      self.reason = reason
      queue =
        switch exchange {
        case .deliveries: String(routingKey.untilDot)
        case .status: "status"
        case .parked: "parked"
        case .direct: routingKey
        }
    }
  }

  struct InFlight {
    var token: PublishToken
    var link: PublishLink
    var published: Published
    var isTaken: Bool
    var fate: BrokerTrouble.Fate
  }

  /// Redeliveries of a message before the broker parks it.
  static let deliveryLimit: UInt32 = 20

  var queues = [Queue](repeating: Queue(), count: Inlet.allCases.count)
  var inFlight: [InFlight] = []
  /// The connections of those among them over which one is about to be closed.
  var closingLinks: Set<Int> = []
  /// The ids of all deliveries that the broker took, with the channel of each.
  var deliveries: [String: String] = [:]
  var statusUpdates: [Published] = []
  var parked: [Published] = []
  /// Receipts that it has confirmed since the process began.
  var receipts = 0
  var trouble = BrokerTrouble()
  /// What the broker itself parked.
  var parkedAtLimit: [Message] = []
  var stalledChannels: Set<String> = []
  /// Whether a connection stands still for seconds with each delivery to a stalled channel, which
  /// is then refused: what RabbitMQ does when the node that leads the queue is cut off.
  var standsStill = false
  /// By connection, what it stands still with and until when, in nanoseconds.
  var standstills: [Int: (token: PublishToken, until: Int64)] = [:]

  var queuedMessages: Int { queues.reduce(0) { $0 + $1.ready.count } }
  var unackedMessages: Int { queues.reduce(0) { $0 + $1.unacked.count } }

  /// The number of messages that a consumer may have unacknowledged.
  func hasRoom(_ inlet: Inlet, prefetch: Int) -> Bool {
    queues[Int(inlet.rawValue)].unacked.count < prefetch
  }

  mutating func take(from inlet: Inlet) -> (UInt64, Message)? {
    let index = Int(inlet.rawValue)
    guard let message = queues[index].ready.popFirst() else { return nil }
    let tag = queues[index].nextTag
    queues[index].nextTag += 1
    queues[index].unacked[tag] = message
    return (tag, message)
  }

  /// The consumer is gone: all it had goes back to the head of its queue, and the next one counts
  /// its tags from one.
  mutating func requeue(_ inlet: Inlet) {
    let index = Int(inlet.rawValue)
    for (_, message) in queues[index].unacked.sorted(by: { $0.key > $1.key }) {
      var again = message
      again.deliveryCount += 1
      if again.deliveryCount > Self.deliveryLimit {
        parkedAtLimit.append(again)
      } else {
        queues[index].ready.prepend(again)
      }
    }
    queues[index].unacked = [:]
    queues[index].nextTag = 1
    queues[index].epoch += 1
  }

  /// What is queued counts as never delivered.
  mutating func forgetDeliveries(_ inlet: Inlet) {
    for index in queues[Int(inlet.rawValue)].ready.indices {
      queues[Int(inlet.rawValue)].ready[index].deliveryCount = 0
    }
  }

  /// Whether anything that the service published is about an id: parked it, for short.
  func hasParked(_ id: String) -> Bool {
    parked.reversed().contains {
      $0.messageID == id || String(decoding: $0.body, as: UTF8.self).contains(id)
    }
  }
}

extension String {
  /// All of it if it has none.
  var untilDot: Substring { self[..<(utf8.firstIndex(of: 0x2E) ?? endIndex)] }
}
