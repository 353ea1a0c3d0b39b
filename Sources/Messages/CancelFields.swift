package import JSON

/// A cancel, as a producer sends it: an event of which nothing more is to go out. A view into its
/// document.
package struct CancelFields {
  /// What the property `type` of its message says, whatever `topology.prefix` is. It decides before
  /// the content type does.
  package static let type: StaticString = "meddela.cancel"

  /// Of the event.
  package let id: JSONString

  /// Reads a cancel from its document. Members beside `id` are passed over.
  ///
  /// - Parameter messageID: of the AMQP message, when it must be the id: it chooses the shard.
  /// - Throws: the first thing that is wrong, with its place and what was expected.
  package static func decode(
    _ root: JSONValue, messageID: UnsafeRawBufferPointer?
  ) throws(Rejection) -> CancelFields {
    let reader = try FieldReader(root, "a cancel: a JSON object with the event's id")
    try reader.noDuplicates()
    try reader.schemaVersion()
    let id = try reader.eventID()
    try id.check(messageID, in: root)
    return CancelFields(id: id)
  }
}
