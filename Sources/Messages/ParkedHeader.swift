/// Names of the headers that a copy of a message carries in the parked queue, beside those of the
/// message itself. `schemas/asyncapi.yaml` says what each means.
package enum ParkedHeader {
  /// All of them begin like this, and no header of a producer's counts that does.
  package static let prefix = "x-meddela-"

  package static let reason: StaticString = "x-meddela-reason"
  package static let detail: StaticString = "x-meddela-detail"
  package static let exchange: StaticString = "x-meddela-exchange"
  package static let routingKey: StaticString = "x-meddela-routing-key"
  package static let lane: StaticString = "x-meddela-lane"
  package static let firstSeen: StaticString = "x-meddela-first-seen"
  package static let version: StaticString = "x-meddela-version"
  package static let batchID: StaticString = "x-meddela-batch-id"
  package static let originalUserID: StaticString = "x-meddela-original-user-id"
  package static let originalExpiration: StaticString = "x-meddela-original-expiration"
  package static let originalCC: StaticString = "x-meddela-original-cc"
  package static let originalBCC: StaticString = "x-meddela-original-bcc"
  /// How many headers of the message were left out.
  package static let headersCut: StaticString = "x-meddela-headers-cut"
}
