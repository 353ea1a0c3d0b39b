package import JSON
package import Messages
package import Templates

/// A delivery's bytes, for the engine and for whoever wants to see what was or will be sent. The
/// same event, template version and acceptance time always give the same bytes.
package enum DeliveryRendering {
  /// Which delivery it is.
  package struct Attempt {
    package var eventID: UnsafeRawBufferPointer
    package var shard: ShardNumber
    package var number: UInt16
    package var lane: Lane
    /// Of the event.
    package var acceptedAt: Timestamp

    /// - Parameters: as the properties of these names; `eventID` is valid while this is used.
    package init(
      eventID: UnsafeRawBufferPointer, shard: ShardNumber, number: UInt16, lane: Lane,
      acceptedAt: Timestamp
    ) {
      self.eventID = eventID
      self.shard = shard
      self.number = number
      self.lane = lane
      self.acceptedAt = acceptedAt
    }
  }

  /// Appends the delivery.
  ///
  /// - Parameters:
  ///   - fields: the event, on the channel of the attempt.
  ///   - steps: see `Template.render`.
  /// - Throws: when the template cannot be rendered for the event; `writer` holds a part then.
  package static func write(
    _ attempt: Attempt, _ fields: EventFields, _ template: Template, to writer: inout ByteWriter,
    steps: inout Int
  ) throws(RenderError) {
    DeliveryBody.writeHead(
      eventID: attempt.eventID, shard: attempt.shard, attempt: attempt.number, lane: attempt.lane,
      fields: fields, templateName: template.name, templateVersion: template.version,
      saysEmailFormat: template.rules != .first, to: &writer)
    try template.render(fields.root, into: &writer, steps: &steps)
    DeliveryBody.writeTail(
      expiration: fields.expiration, createdAt: attempt.acceptedAt, to: &writer)
  }
}
