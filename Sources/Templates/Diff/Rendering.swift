import JSON
package import Messages

/// What an event becomes with a set of templates.
package enum Rendering: Sendable {
  /// The delivery's content, a JSON object.
  case content(Template, [UInt8])
  /// There would be no delivery. The template is nil when none matches.
  case notCovered(Template?, reason: String)

  /// With the template that the catalog has for the event.
  package init(_ event: EventFields, catalog: TemplateCatalog, lane: Lane, at now: Timestamp) {
    let query = MatchQuery(event, lane: lane, now: now)
    guard let template = catalog.match(query) else {
      self = .notCovered(nil, reason: "no template matches")
      return
    }
    self.init(event, template)
  }

  /// With this template.
  package init(_ event: EventFields, _ template: Template) {
    var writer = ByteWriter(capacity: 4_096)
    do throws(RenderError) {
      try template.render(event.root, into: &writer)
      self = .content(template, writer.array())
    } catch {
      self = .notCovered(template, reason: error.description)
    }
  }

  /// Nil when none matches.
  package var template: Template? {
    switch self {
    case .content(let template, _): template
    case .notCovered(let template, _): template
    }
  }
}
