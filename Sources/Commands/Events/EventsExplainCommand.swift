internal import ArgumentParser
internal import JSON
internal import Messages
internal import Node
internal import Templates

/// `meddela events explain`.
struct EventsExplainCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "explain",
    abstract: "Says what became of a stored event, which template it gets at present, and why.",
    discussion: """
      First what became of it, from its history. Then which of the present templates it gets and \
      why no other, and whether that one can be rendered for it.
      """)

  @OptionGroup var configuration: ConfigurationOptions
  @OptionGroup var output: OutputOptions

  @Argument(help: "The event's id.")
  var id: String

  func run() async throws {
    try await reportingFailure {
      let node = try configuration.load()
      let history = try StoredEvents(node).history(of: id)
      let catalog = try TemplatesCommand.catalog(node.templatesPath)
      let explanation = try EventFile.explain(
        history.body, catalog: catalog, lane: history.lane, now: WallClock.now())
      let problem = try Self.problem(history.body, explanation.winner)
      if output.json {
        writeLine(try json(history, explanation, problem))
      } else {
        writeLine(try Self.outcome(history).printable(keeping: "\n"))
        writeLine(explanation.description.printable(keeping: "\n"))
        if let problem { writeLine("it cannot be rendered: \(problem)".printable) }
      }
    }
  }

  /// Why the template cannot be rendered for the event; nil when it can, or there is none.
  private static func problem(_ event: [UInt8], _ template: Template?) throws -> RenderError? {
    guard let template else { return nil }
    var writer = ByteWriter(capacity: 4_096)
    do {
      try JSONParser().withDocument(event) { try template.render($0, into: &writer) }
      return nil
    } catch let error as RenderError {
      return error
    }
  }

  /// One sentence.
  private static func outcome(_ history: EventHistory) throws -> String {
    guard let last = history.updates.last(where: { !$0.isEvidence }) else { return "" }
    return try JSONParser().withDocument(last.json) { root in
      func text(_ value: JSONValue?) -> String? { value?.asString?.string }
      var sentence = "event \(history.id) is \(text(root["status"]) ?? "")"
      sentence += ", attempt \(root["attempt"]?.asInt64 ?? 0)"
      if let template = root["template"] {
        let version = (text(template["version"]) ?? "").prefix(12)
        sentence += ", linked to \(text(template["name"]) ?? "")@\(version)"
      }
      if let reason = root["reason"] {
        sentence += ": \(text(reason["code"]) ?? "")"
        if let why = text(reason["text"]) { sentence += ": \(why)" }
      }
      return sentence
    }
  }

  /// The explanation's members, and what became of the event.
  private func json(
    _ history: EventHistory, _ explanation: MatchExplanation, _ problem: RenderError?
  ) throws -> String {
    var object = JSONObjectText()
    object.add("eventId", history.id)
    if let last = history.updates.last(where: { !$0.isEvidence }) {
      try JSONParser().withDocument(last.json) { root in
        object.add("status", root["status"]?.asString?.string)
        object.add("attempt", root["attempt"]?.asInt64.map { Int($0) })
        for name in ["template", "reason"] as [StaticString] {
          let value = root[name].map { String(decoding: $0.source, as: UTF8.self) }
          object.add("\(name)", json: value ?? "null")
        }
      }
    }
    let json = Array(EventFile.json(explanation).utf8)
    try JSONParser().withDocument(json) { root in
      for (name, value) in root.members {
        object.add(name.string, json: String(decoding: value.source, as: UTF8.self))
      }
    }
    var writer = ByteWriter(capacity: 256)
    problem?.write(to: &writer)
    let text = writer.withBytes { String(decoding: $0, as: UTF8.self) }
    object.add("renderError", json: problem == nil ? "null" : text)
    return object.text
  }
}
