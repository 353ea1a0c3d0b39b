/// Why something was parked, refused or did not go on. Written once, here: reasons are routing
/// keys of the parked exchange and stand in receipts and status updates.
package struct ReasonCode: RawRepresentable, Hashable, Sendable {
  package let rawValue: String

  package init(rawValue: String) {
    self.rawValue = rawValue
  }

  private init(_ rawValue: String) {
    self.rawValue = rawValue
  }

  // Parked: it cannot become an event or a delivery log.
  package static let notJSON = ReasonCode("not-json")
  package static let tooDeep = ReasonCode("too-deep")
  package static let tooLarge = ReasonCode("too-large")
  package static let invalidUTF8 = ReasonCode("invalid-utf8")
  package static let numberOutOfRange = ReasonCode("number-out-of-range")
  package static let notAnObject = ReasonCode("not-an-object")
  package static let duplicateKey = ReasonCode("duplicate-key")
  package static let missingField = ReasonCode("missing-field")
  package static let wrongType = ReasonCode("wrong-type")
  package static let badID = ReasonCode("bad-id")
  package static let idMismatch = ReasonCode("id-mismatch")
  package static let badType = ReasonCode("bad-type")
  package static let badChannel = ReasonCode("bad-channel")
  package static let badAddress = ReasonCode("bad-address")
  package static let badTime = ReasonCode("bad-time")
  package static let badValue = ReasonCode("bad-value")
  package static let badReplyTo = ReasonCode("bad-reply-to")
  package static let emptyBatch = ReasonCode("empty-batch")
  package static let unsupportedContentType = ReasonCode("unsupported-content-type")
  package static let idConflict = ReasonCode("id-conflict")
  package static let unknownDelivery = ReasonCode("unknown-delivery")

  // Not covered.
  package static let noTemplate = ReasonCode("no-template")
  package static let missingTemplateField = ReasonCode("missing-template-field")
  package static let notRenderable = ReasonCode("not-renderable")

  // Pending or expired.
  package static let unroutable = ReasonCode("unroutable")
  package static let brokerRefused = ReasonCode("broker-refused")
  package static let unconfirmed = ReasonCode("unconfirmed")
  package static let brokerUnavailable = ReasonCode("broker-unavailable")
  package static let templateVersionMissing = ReasonCode("template-version-missing")
  package static let expired = ReasonCode("expired")
}
