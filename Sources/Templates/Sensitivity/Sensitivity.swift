/// Which events are sensitive, by the templates that are known: those of the present folder and
/// every version that a store keeps.
///
/// In doubt an event is sensitive:
///
/// 1. A type is sensitive when any known template of it is, capital letters or not: whichever
///    template an event gets, or had, its data are the same.
/// 2. As soon as some template is sensitive, so is a type that no known template has, and what
///    has no type that can be read: it may be a misspelt one.
/// 3. An event that is pinned to a version that is not known is sensitive.
/// 4. Where no template is known at all, everything is.
package struct Sensitivity: Sendable {
  /// Why something is not shown.
  package enum Reason: Equatable, Sendable {
    /// A template of the type says so.
    case template(String)
    /// No known template has the type.
    case unknownType(String)
    /// There is no type that can be read.
    case noType
    /// The store does not have this version of the template.
    case unknownVersion(template: String, version: String)
    /// This template, or version that the store keeps, cannot be read.
    case unreadable(String)
    /// No template is known.
    case noTemplates
  }

  private var knownTypes: Set<String> = []
  /// The sensitive template by its type, the first by name.
  private var sensitive: [String: String] = [:]
  private var unreadable: String?
  private var versions: Set<String> = []
  private var isEmpty = true

  package init() {}

  /// Whether anything can be sensitive but for a version that is not known.
  package var hidesNothing: Bool { !isEmpty && sensitive.isEmpty && unreadable == nil }

  /// Takes a template into account.
  package mutating func add(_ kind: TemplateKind) {
    guard let eventType = kind.eventType else {
      // Of any type, then.
      if kind.isSensitive { addUnreadable(kind.name) }
      return
    }
    isEmpty = false
    let type = Self.folded(eventType)
    knownTypes.insert(type)
    if kind.isSensitive { sensitive[type] = min(sensitive[type] ?? kind.name, kind.name) }
  }

  /// Takes a version into account that a store keeps.
  package mutating func add(version: String) {
    isEmpty = false
    versions.insert(version)
  }

  /// Something is there that cannot be read, and could be a sensitive template.
  package mutating func addUnreadable(_ name: String) {
    isEmpty = false
    unreadable = min(unreadable ?? name, name)
  }

  /// Why an event of this type is not shown; nil when it may be.
  ///
  /// - Parameter type: nil for what has none that can be read.
  package func reason(type: String?) -> Reason? {
    if isEmpty { return .noTemplates }
    if let unreadable { return .unreadable(unreadable) }
    if sensitive.isEmpty { return nil }
    guard let type else { return .noType }
    let folded = Self.folded(type)
    if let template = sensitive[folded] { return .template(template) }
    return knownTypes.contains(folded) ? nil : .unknownType(type)
  }

  /// The same of an event with a history.
  ///
  /// - Parameter pinned: the templates that it has had: the name and the version of each.
  package func reason(type: String?, pinned: [(name: String, version: String)]) -> Reason? {
    if let reason = reason(type: type) { return reason }
    let unknown = pinned.first { !versions.contains($0.version) }
    return unknown.map { .unknownVersion(template: $0.name, version: $0.version) }
  }

  private static func folded(_ type: String) -> String {
    String(
      decoding: type.utf8.map { 0x41...0x5A ~= $0 ? $0 | 0x20 : $0 }, as: UTF8.self)
  }
}

extension Sensitivity.Reason: CustomStringConvertible {
  /// Part of a sentence.
  package var description: String {
    switch self {
    case .template(let name): "template \(name) is sensitive"
    case .unknownType(let type):
      "no known template is for the type \(type), and others are sensitive"
    case .noType: "its type cannot be read, and some templates are sensitive"
    case .unknownVersion(let name, let version):
      "the store has no version \(version.prefix(12)) of the template \(name) to say whether it "
        + "is sensitive"
    case .unreadable(let name):
      "the template \(name) cannot be read, and may be sensitive"
    case .noTemplates:
      "no templates are known here to say whether it is sensitive: see templates.path and "
        + "store.path"
    }
  }
}
