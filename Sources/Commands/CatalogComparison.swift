internal import JSON
internal import Messages
internal import Node
internal import Templates

/// Renders events with old and new templates, prints what differs and counts the rest.
struct CatalogComparison {
  let new: TemplateCatalog
  var old: TemplateCatalog?
  /// The versions that events are pinned to, instead of `old`.
  var archive: StoredTemplates?
  let now: Timestamp
  let isJSON: Bool
  let mostShown: Int
  let disclosure: Disclosure

  private typealias Compared = (id: String, type: String, change: RenderingChange)

  private let parser = JSONParser()
  private let parsers = (JSONParser(), JSONParser())
  private var counts: [RenderingChange.Kind: Int] = [:]
  private var shown = 0
  private var unreadable = 0
  private var unpinned = 0

  init(
    new: TemplateCatalog, now: Timestamp, isJSON: Bool, mostShown: Int, disclosure: Disclosure
  ) {
    self.new = new
    self.now = now
    self.isJSON = isJSON
    self.mostShown = mostShown
    self.disclosure = disclosure
  }

  mutating func compare(_ stored: StoredBody) {
    let compared: Compared?? = try? parser.withDocument(stored.body) { root in
      let fields = try EventFields.decode(root, messageID: nil)
      guard let before = before(fields, stored) else { return nil }
      let after = Rendering(fields, catalog: new, lane: stored.lane, at: now)
      return (
        fields.id.string, fields.type.string, RenderingChange(before, after, using: parsers)
      )
    }
    guard let compared else { return unreadable += 1 }
    guard let (id, type, change) = compared else { return unpinned += 1 }
    counts[change.kind, default: 0] += 1
    guard change.kind != .same, isJSON || shown < mostShown else { return }
    shown += 1
    // Only what differs in the content holds anything of the event.
    let hidden =
      change.fields.isEmpty
      ? nil : disclosure.reason("event \(id)", type: type, pinned: stored.template)
    isJSON ? writeLine(json(id, change, hidden)) : printText(id, change, hidden)
  }

  /// Nil when the store does not have what the event was rendered with.
  private func before(_ fields: EventFields, _ stored: StoredBody) -> Rendering? {
    if let old { return Rendering(fields, catalog: old, lane: stored.lane, at: now) }
    guard let version = stored.template?.version else {
      return .notCovered(nil, reason: "no template matched")
    }
    return archive?.template(version).map { Rendering(fields, $0) }
  }

  /// Prints how many events each kind of change is for.
  func finish() {
    if isJSON {
      var object = JSONObjectText()
      for kind in RenderingChange.Kind.allCases { object.add(kind.rawValue, counts[kind] ?? 0) }
      object.add("unreadable", unreadable)
      object.add("unknownVersion", unpinned)
      var summary = JSONObjectText()
      summary.add("summary", json: object.text)
      writeLine(summary.text)
      return
    }
    let changed = counts.values.reduce(0, +) - (counts[.same] ?? 0)
    if changed > shown { writeLine("... and \(changed - shown) more changed events\n") }
    var table = TextTable(["CHANGE", "EVENTS"])
    for kind in RenderingChange.Kind.allCases {
      table.add([kind.rawValue, "\(counts[kind] ?? 0)"])
    }
    writeLine(table.text)
    if unreadable > 0 { writeLine("\(unreadable) were no events and were passed over") }
    if unpinned > 0 {
      writeLine("\(unpinned) have a template version that the store no longer keeps")
    }
  }

  private func printText(
    _ id: String, _ change: RenderingChange, _ hidden: Sensitivity.Reason?
  ) {
    writeLine("event \(id): \(change.kind.rawValue)")
    writeLine("--- \(Self.name(change.old))")
    writeLine("+++ \(Self.name(change.new))")
    for (name, lines) in change.fields {
      writeLine("@@ \(name) @@")
      if hidden == nil { for line in lines { writeLine(line.text) } }
    }
    if let hidden { writeLine(hidden.placeholder) }
    writeLine("")
  }

  private static func name(_ rendering: Rendering) -> String {
    switch rendering {
    case .content(let template, _): "\(template.name) \(template.version.prefix(12))"
    case .notCovered(let template, let reason):
      "not covered: \(reason)" + (template.map { " (\($0.version.prefix(12)))" } ?? "")
    }
  }

  private func json(
    _ id: String, _ change: RenderingChange, _ hidden: Sensitivity.Reason?
  ) -> String {
    var object = JSONObjectText()
    object.add("eventId", id)
    object.add("change", change.kind.rawValue)
    object.add("old", json: Self.json(change.old))
    object.add("new", json: Self.json(change.new))
    if hidden != nil {
      let names = change.fields.map { JSONObjectText.quoted($0.name) }
      object.add("changed", json: "[\(names.joined(separator: ","))]")
      object.add("fieldsHidden", true)
      return object.text
    }
    let fields = change.fields.map { name, lines in
      let texts = lines.map { JSONObjectText.quoted($0.text) }.joined(separator: ",")
      return "\(JSONObjectText.quoted(name)):[\(texts)]"
    }
    object.add("fields", json: "{\(fields.joined(separator: ","))}")
    return object.text
  }

  private static func json(_ rendering: Rendering) -> String {
    var object = JSONObjectText()
    object.add("template", rendering.template?.name)
    object.add("version", rendering.template?.version)
    if case .notCovered(_, let reason) = rendering { object.add("reason", reason) }
    return object.text
  }
}

/// Template versions that a store keeps, read when they are asked for.
final class StoredTemplates {
  private let path: String
  private var known: [String: Template?] = [:]

  init(_ node: NodeConfiguration) {
    path = "\(node.storePath)/templates"
  }

  /// Nil when the store does not have that version, or what it has cannot be read.
  func template(_ version: String) -> Template? {
    if let template = known[version] { return template }
    let bytes = readBytes("\(path)/\(version).json")
    let template = bytes.flatMap { try? Template.restore(archive: $0) }
    known[version] = .some(template)
    return template
  }
}
