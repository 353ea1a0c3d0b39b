internal import Messages

/// What `template.yaml` says.
struct TemplateMetadata: Sendable {
  /// A header of a message: its name and the text of its value.
  struct Header: Sendable {
    var name: String
    var value: MustacheSource
  }

  var eventType = ""
  var channel = ""
  var language: String?
  var origin: String?
  /// Each once, real-time first.
  var lanes: [Lane] = [.realtime, .batch]
  var publishedAt = Timestamp(nanoseconds: 0)
  var validFrom: Timestamp?
  var validTo: Timestamp?
  var from: MustacheSource?
  var replyTo: MustacheSource?
  var headers: [Header] = []
  var attachments: [MustacheSource] = []
  var fallback: [String] = []
  var required: [String] = []
  var isSensitive = false
  /// The line of each key.
  var lines: [String: Int] = [:]

  /// The keys of `template.yaml`, in the order in which people write them.
  static let keys = [
    "eventType", "channel", "language", "origin", "lanes", "publishedAt", "validFrom", "validTo",
    "from", "replyTo", "headers", "attachments", "fallback", "required",
    "sensitive",
  ]
  static let requiredKeys = ["eventType", "channel", "publishedAt", "from"]
}
