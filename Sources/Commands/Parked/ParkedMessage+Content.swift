internal import AMQP
internal import JSON
internal import Messages

extension ParkedMessage {
  /// What a body says of the events in it.
  enum Content: Equatable {
    /// Nothing but what may be shown of any event, or of delivery logs.
    case harmless
    /// The types of all that is in it.
    case types([String])
    /// No JSON, or something in it has no type.
    case unknown
  }

  /// By the body alone: a message may have been published with any routing key.
  var content: Content {
    let body = incoming.withBody { Array($0) }
    let padded = body + [UInt8](repeating: 0x20, count: jsonPadding)
    return padded.withUnsafeBytes { all in
      let text = UnsafeRawBufferPointer(rebasing: all[..<body.count])
      var documents = EventDocuments(text, using: JSONParser())
      let parser = JSONParser()
      var types: Set<String> = []
      do {
        while let range = try documents.next() {
          let named = try parser.withDocument(Array(text[range])) { Self.types(of: $0) }
          guard let named else { return .unknown }
          types.formUnion(named)
        }
      } catch {
        return .unknown
      }
      return types.isEmpty ? .harmless : .types(types.sorted())
    }
  }

  /// The types that one document gives itself, or what is in its envelope; none for what is
  /// harmless, nil when it has none.
  private static func types(of root: JSONValue) -> [String]? {
    if RedactedEvent.hidesNothing(root), root["type"] == nil { return [] }
    var types: [String] = []
    for part in [root, root["message"], root["data"]].compactMap({ $0 }) {
      // Every one: a key that stands twice may be why it is parked.
      for (name, value) in part.members where name == "type" {
        guard let type = value.asString else { return nil }
        types.append(type.string)
      }
    }
    return types.isEmpty ? nil : types
  }
}
