/// What people write who know Handlebars: no name of Mustache, so that it would render as nothing.
enum HandlebarsWord {
  /// `{{else}}`
  case alternative
  /// `{{this}}`, `{{this.name}}`
  case current
  /// `{{@index}}`
  case data
  /// `{{../name}}`
  case outer
  /// `{{#if name}}`, `{{#each names}}`
  case helper
  /// `{{~name}}`
  case trimming

  static func found(in content: ArraySlice<UInt8>) -> HandlebarsWord? {
    let text = String(decoding: content, as: UTF8.self)
    let words = text.split { $0 == " " || $0 == "\t" || $0 == "\n" || $0 == "\r" }
    guard let first = words.first else { return nil }
    if first == "else" { return .alternative }
    if first == "this" || first.hasPrefix("this.") || first.hasPrefix("this/") { return .current }
    if first.hasPrefix("@") { return .data }
    if first.hasPrefix("../") || first.hasPrefix("./") { return .outer }
    if text.hasPrefix("~") || text.hasSuffix("~") { return .trimming }
    if words.count > 1, helpers.contains(first) { return .helper }
    return nil
  }

  private static let helpers: Set<Substring> = [
    "if", "unless", "each", "with", "lookup", "log", "eq", "ne", "and", "or", "not",
  ]

  /// What to write instead.
  var advice: String {
    switch self {
    case .alternative:
      "Mustache has no else: expected {{/name}}{{^name}}, the inverted section of the same name"
    case .current: "Mustache has no this: expected {{.}} for the element, or the name of its member"
    case .data: "Mustache has no @index, @key or @root: expected a name that is in the event"
    case .outer:
      "Mustache has no ../: a name that is not in the element is looked up around it by itself"
    case .helper:
      "Mustache has no helpers: expected {{#name}}...{{/name}}, which stands for if, each and with"
    case .trimming: "Mustache has no ~: a tag that stands alone on its line takes the line away"
    }
  }
}
