internal import Execution
internal import JSON
internal import Messages
internal import Node
internal import Templates

/// The delivery of one attempt of a stored event, made again from what the store has.
struct StoredDelivery {
  /// The delivery, byte for byte.
  let body: [UInt8]
  /// What it is, for people.
  let headline: String

  /// What the store says of an attempt.
  private struct Attempt {
    var number: Int
    var channel: String
    var template: (name: String, version: String)?
    var status: String
  }

  /// - Parameter attempt: nil for the newest.
  /// - Throws: when there is no such attempt, or nothing can be rendered for it.
  init(_ history: EventHistory, attempt number: Int?, _ node: NodeConfiguration) throws {
    let attempt = try Self.attempt(history, number)
    guard let acceptedAt = history.acceptedAt else {
      throw CommandFailure("the store has no event \(history.id)", .noInput)
    }
    var writer = ByteWriter(capacity: 4_096)
    var name = ""
    // Views into both are in use until the delivery is written.
    let (id, channel) = (Array(history.id.utf8), Array(attempt.channel.utf8))
    do {
      try JSONParser().withDocument(history.body) { root in
        try channel.withUnsafeBytes { channel in
          let fields = try Self.fields(root, on: channel)
          let template = try Self.template(attempt, fields, history, node)
          name = "\(template.name)@\(template.version)"
          try id.withUnsafeBytes { id in
            let place = DeliveryRendering.Attempt(
              eventID: id, shard: history.shard, number: UInt16(clamping: attempt.number),
              lane: history.lane, acceptedAt: acceptedAt)
            var steps = 0
            try DeliveryRendering.write(place, fields, template, to: &writer, steps: &steps)
          }
        }
      }
    } catch let error as RenderError {
      throw CommandFailure("\(name) cannot be rendered for this event: \(error)", .data)
    } catch let error as Rejection {
      throw CommandFailure("the stored event is not read any more: \(error.sentence)", .data)
    } catch let error as JSONError {
      throw CommandFailure("the stored event is not read any more: \(error)", .data)
    }
    body = writer.array()
    let isOut = attempt.template != nil && attempt.status != "pending"
    headline =
      "attempt \(attempt.number) on channel \(attempt.channel), \(name), "
      + (isOut ? "as it was sent:" : "as it will be sent:")
  }

  /// Hands the member `content` to `body`.
  func withContent(_ use: ([UInt8]) -> Void) throws {
    try JSONParser().withDocument(body) { root in
      if let content = root["content"] { use(Array(content.source)) }
    }
  }

  private static func attempt(_ history: EventHistory, _ number: Int?) throws -> Attempt {
    let parser = JSONParser()
    var found: Attempt?
    for update in history.updates {
      try parser.withDocument(update.json) { root in
        func text(_ value: JSONValue?) -> String { value?.asString?.string ?? "" }
        let attempt = Int(root["attempt"]?.asInt64 ?? 0)
        guard number == nil || attempt == number else { return }
        var template: (String, String)?
        if let named = root["template"] { template = (text(named["name"]), text(named["version"])) }
        found = Attempt(
          number: attempt, channel: text(root["channel"]), template: template,
          status: text(root["status"]))
      }
    }
    guard let found else {
      throw CommandFailure(
        "event \(history.id) has no attempt \(number ?? 1)", .noInput)
    }
    return found
  }

  private static func fields(
    _ root: JSONValue, on channel: UnsafeRawBufferPointer
  ) throws -> EventFields {
    let fields = try EventFields.decode(root, messageID: nil)
    if fields.channel.bytes.elementsEqual(channel) { return fields }
    guard let other = fields.on(channel: JSONString(bytes: channel)) else {
      throw CommandFailure("the event has no address for the channel of the attempt", .data)
    }
    return other
  }

  /// The pinned version; of an attempt that has none yet what it would get now.
  private static func template(
    _ attempt: Attempt, _ fields: EventFields, _ history: EventHistory, _ node: NodeConfiguration
  ) throws -> Template {
    if let (name, version) = attempt.template {
      if let template = StoredTemplates(node).template(version) { return template }
      throw CommandFailure(
        "the store has no version \(version) of the template \(name), which the event is pinned to",
        .data)
    }
    let catalog = try TemplatesCommand.catalog(node.templatesPath)
    let query = MatchQuery(fields, lane: history.lane, now: WallClock.now())
    guard let template = catalog.match(query) else {
      throw CommandFailure(
        "no template matches the event: `meddela events explain \(history.id)` says why", .data)
    }
    return template
  }
}
