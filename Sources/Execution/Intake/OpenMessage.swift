import JSON
import Messages

/// A message that is not acknowledged yet.
struct OpenMessage {
  var message: InboundMessage
  /// Where its content stands in the message's storage: the body, or what is left of it without
  /// what its producer's library has put around.
  var content: Range<Int>
  /// What places in the content are counted in: the body, or what it was unpacked to.
  var text: Range<Int>
  /// Whether the content is the member `message` of an envelope.
  var isEnveloped = false
  /// The byte ranges of its elements, in order; empty for a message that is one document of ours.
  var elements: [Range<Int>] = []
  /// How many of them have been taken.
  var taken = 0
  /// Where each element that has been translated came from; empty when none has.
  var origins: [ElementOrigin] = []
  /// What translates its body, as long as that is not done.
  var translator: Translator?
  /// How its body is written.
  var notation = Notation.json
  /// Where the lines of its body are, as far as that has been asked.
  var lines = LineIndex()
  /// What `HeldBytes` counts for it.
  var heldBytes = 0
  /// One for each element that is not settled, and one while elements are still to be taken.
  var unsettled = 0
  /// A message of one event names it by its `message_id`; one of several names the batch.
  var isBatch = false
  /// Whether it says what is to be cancelled, and holds no events.
  var isCancel = false
  /// Something of it could neither be parked nor written down: the broker is to dead-letter it.
  var isRejected = false

  /// How a message's elements stand in its body, as far as their places are told.
  enum Notation: UInt8 {
    /// One document, or an array of them.
    case json
    /// An object with an array `events`.
    case events
    case lines
    case cloudEvents, binaryCloudEvent
    case xml
  }

  /// Of a body that is not read at once.
  enum Translator {
    case adobe(AdobeTranslator)
    case cloudEvents(CloudEventBatchTranslator)
    /// Not of another notation, but compressed.
    case packed(Unpacker)
  }

  /// Of an element that was translated: its place in the body, and why it is no event.
  struct ElementOrigin {
    var source: Range<Int>
    var refusal: Rejection?
  }

  init(message: InboundMessage) {
    self.message = message
    content = 0..<message.bodyCount
    text = content
  }

  /// Whether its body was compressed.
  var isUnpacked: Bool { text.lowerBound > 0 }

  /// The next element to take.
  mutating func takeElement() -> Range<Int>? {
    guard taken < elements.count else { return nil }
    taken += 1
    assert(elements[taken - 1].upperBound <= message.storage.count, "an element is in its message")
    return elements[taken - 1]
  }

  /// Which element this is; nil when the message is one document.
  func index(of element: Range<Int>) -> Int? {
    var low = 0
    var high = elements.count
    while low < high {
      let middle = (low + high) / 2
      if elements[middle].lowerBound < element.lowerBound {
        low = middle + 1
      } else {
        high = middle
      }
    }
    return low < elements.count && elements[low] == element ? low : nil
  }

  /// An element as it stands in the message's body.
  func source(of element: Range<Int>) -> Range<Int> {
    guard !origins.isEmpty, let index = index(of: element) else { return element }
    return origins[index].source
  }

  var wantsReceipt: Bool { !message.replyTo.isEmpty }

  static var blank: OpenMessage {
    OpenMessage(
      message: InboundMessage(
        inlet: .realtime, channelEpoch: 0, deliveryTag: 0, redelivered: false, storage: [],
        bodyCount: 0))
  }
}
