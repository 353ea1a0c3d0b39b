import DequeModule

/// A message that is not acknowledged yet.
struct OpenMessage {
  var message: InboundMessage
  /// The byte ranges of its elements that are still to be taken, next one last.
  var elements: [Range<Int>] = []
  /// One for each element that is not settled, and one while elements are still to be taken.
  var unsettled = 0
  /// A message of one event names it by its `message_id`; one of several names the batch.
  var isBatch = false

  var wantsReceipt: Bool { !message.replyTo.isEmpty }

  static let blank = OpenMessage(
    message: InboundMessage(
      inlet: .realtime, channelEpoch: 0, deliveryTag: 0, redelivered: false, storage: [],
      bodyCount: 0))
}

/// A message of ours that is about one inbound message, which waits for its confirm: a receipt,
/// or a parked element.
struct PublishJob {
  var isParking: Bool
  var message: Int32
  var link: PublishLink
  var routingKey: [UInt8]
  var messageID: [UInt8]
  var correlationID: [UInt8] = []
  var contentType: [UInt8]
  var headers: [(name: StaticString, value: [UInt8])] = []
  var originalHeaders = ByteRange.none
  var body: [UInt8]
  var bodyRange: Range<Int>
  var serial: UInt32 = 0
  var isPublished = false
  var wasReturned = false
  var failures = 0

  static let blank = PublishJob(
    isParking: false, message: -1, link: .status, routingKey: [], messageID: [],
    contentType: [], body: [], bodyRange: 0..<0)
}
