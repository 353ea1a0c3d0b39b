@testable import Execution

/// The broker of a simulated shard: three queues that lead to it, and what it has published.
struct ModelBroker {
  struct Message {
    var body: [UInt8]
    var messageID: String
    var replyTo: String
  }

  struct Published {
    var routingKey: String
    var messageID: String
    var body: [UInt8]
    var headers: [String: String]
  }

  struct InFlight {
    var token: PublishToken
    var link: PublishLink
    var exchange: OutboundExchange
    var messageID: [UInt8]
    var isReturned: Bool
    var isRefused: Bool
  }

  var ready: [Inlet: [Message]] = [.realtime: [], .batch: [], .deliveryLogs: []]
  var unacked: [Inlet: [UInt64: Message]] = [.realtime: [:], .batch: [:], .deliveryLogs: [:]]
  var nextTag: UInt64 = 1
  var epoch: UInt32 = 1

  var inFlight: [InFlight] = []
  /// Everything that the broker took, in order; the same message may stand in it twice.
  var deliveries: [Published] = []
  var statusUpdates: [Published] = []
  var parked: [Published] = []
  var receipts: [Published] = []

  var queuedMessages: Int { ready.values.reduce(0) { $0 + $1.count } }
  var unackedMessages: Int { unacked.values.reduce(0) { $0 + $1.count } }

  mutating func take(from inlet: Inlet) -> (UInt64, Message)? {
    guard ready[inlet]?.isEmpty == false, let message = ready[inlet]?.removeFirst() else {
      return nil
    }
    let tag = nextTag
    nextTag += 1
    unacked[inlet]?[tag] = message
    return (tag, message)
  }

  /// The consumer is gone: all it had goes back to the head of its queue.
  mutating func requeue(_ inlet: Inlet) {
    let messages = unacked[inlet, default: [:]].sorted { $0.key < $1.key }.map(\.value)
    unacked[inlet] = [:]
    ready[inlet]?.insert(contentsOf: messages, at: 0)
  }
}
