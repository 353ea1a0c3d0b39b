/// Why something was parked, refused or did not go on. Written once, here: reasons are routing
/// keys of the parked exchange and stand in receipts and status updates.
package struct ReasonCode: RawRepresentable, Hashable, Sendable {
  /// As it stands in routing keys, headers and messages.
  package let rawValue: String

  /// A code from outside, or from the event log.
  package init(rawValue: String) {
    self.rawValue = rawValue
  }

  private init(_ rawValue: String) {
    self.rawValue = rawValue
  }

  // Parked: it cannot become an event or a delivery log.
  /// Not JSON, or no memory to find out.
  package static let notJSON = ReasonCode("not-json")
  /// Not XML, or XML with a document type.
  package static let notXML = ReasonCode("not-xml")
  /// More than `MessageLimits.eventDepth` containers inside each other.
  package static let tooDeep = ReasonCode("too-deep")
  /// More bytes than are accepted.
  package static let tooLarge = ReasonCode("too-large")
  /// Bytes that are not UTF-8.
  package static let invalidUTF8 = ReasonCode("invalid-utf8")
  /// An integer beyond 64 bits, or a number too large for a double.
  package static let numberOutOfRange = ReasonCode("number-out-of-range")
  /// JSON, but no object.
  package static let notAnObject = ReasonCode("not-an-object")
  /// A key stands twice at the top level.
  package static let duplicateKey = ReasonCode("duplicate-key")
  /// A required field is absent or null.
  package static let missingField = ReasonCode("missing-field")
  /// A field is of another JSON type.
  package static let wrongType = ReasonCode("wrong-type")
  /// An id that is none.
  package static let badID = ReasonCode("bad-id")
  /// Two ids that must be the same are not.
  package static let idMismatch = ReasonCode("id-mismatch")
  /// No event type by its grammar.
  package static let badType = ReasonCode("bad-type")
  /// No channel by its grammar.
  package static let badChannel = ReasonCode("bad-channel")
  /// An address that cannot be one, or none for the channel.
  package static let badAddress = ReasonCode("bad-address")
  /// No RFC 3339 time.
  package static let badTime = ReasonCode("bad-time")
  /// A value that the field does not take.
  package static let badValue = ReasonCode("bad-value")
  /// A `reply_to` under our own prefix.
  package static let badReplyTo = ReasonCode("bad-reply-to")
  /// A body for several documents that holds none.
  package static let emptyBatch = ReasonCode("empty-batch")
  /// A content type or encoding that is not read.
  package static let unsupportedContentType = ReasonCode("unsupported-content-type")
  /// The id is known, with another body.
  package static let idConflict = ReasonCode("id-conflict")
  /// A log of a delivery that is not known.
  package static let unknownDelivery = ReasonCode("unknown-delivery")

  // Not covered.
  /// No template matches the event.
  package static let noTemplate = ReasonCode("no-template")
  /// The event lacks a field that the template requires.
  package static let missingTemplateField = ReasonCode("missing-template-field")
  /// The template cannot be rendered for this event.
  package static let notRenderable = ReasonCode("not-renderable")

  // Pending or expired.
  /// The broker returned the delivery: no queue took it.
  package static let unroutable = ReasonCode("unroutable")
  /// The broker nacked the delivery.
  package static let brokerRefused = ReasonCode("broker-refused")
  /// The broker did not confirm the delivery in time.
  package static let unconfirmed = ReasonCode("unconfirmed")
  /// There was no connection to publish on.
  package static let brokerUnavailable = ReasonCode("broker-unavailable")
  /// The template version that the event is pinned to is not there.
  package static let templateVersionMissing = ReasonCode("template-version-missing")
  /// The expiration passed, or the last try was used up.
  package static let expired = ReasonCode("expired")
  /// The delivery engine sent no log in time.
  package static let logTimeout = ReasonCode("log-timeout")

  // Pending again.
  /// The delivery failed, and a fallback channel of the template is tried.
  package static let recycled = ReasonCode("recycled")
  /// The delivery failed, and no fallback channel is left.
  package static let noFallback = ReasonCode("no-fallback")
  /// A person asked for another attempt.
  package static let redriven = ReasonCode("redriven")
  /// A person asked for the same delivery once more.
  package static let resent = ReasonCode("resent")

  // Of a cancel.
  /// The event was cancelled: nothing more of it goes out.
  package static let cancelled = ReasonCode("cancelled")
  /// No such event has come yet: it is cancelled when it comes.
  package static let cancelRemembered = ReasonCode("cancel-remembered")
  /// Too late: its delivery is out, or on its way.
  package static let deliveryPublished = ReasonCode("delivery-published")
  /// Too late: the event is final.
  package static let alreadyFinal = ReasonCode("already-final")
}
