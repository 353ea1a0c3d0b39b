package import JSON

/// What changes for one event when other templates are used.
package struct RenderingChange: Sendable {
  /// From the most to the least that a person wants to know of.
  package enum Kind: String, Sendable, CaseIterable {
    /// A delivery no longer comes about.
    case newlyNotCovered = "newly-not-covered"
    /// A delivery comes about that did not.
    case newlyCovered = "newly-covered"
    /// A template of another name is chosen.
    case otherTemplate = "other-template"
    /// The same template, with other content.
    case otherContent = "other-content"
    /// Nothing that the recipient would see.
    case same
  }

  package let kind: Kind
  package let old: Rendering
  package let new: Rendering
  /// The fields of the content that differ, in the order of the content.
  package let fields: [(name: String, lines: [LineDiff.Line])]

  /// - Parameter parsers: two, for both contents are read at one time.
  package init(_ old: Rendering, _ new: Rendering, using parsers: (JSONParser, JSONParser)) {
    self.old = old
    self.new = new
    switch (old, new) {
    case (.notCovered, .notCovered):
      (kind, fields) = (.same, [])
    case (.content, .notCovered):
      (kind, fields) = (.newlyNotCovered, [])
    case (.notCovered, .content):
      (kind, fields) = (.newlyCovered, [])
    case (.content(let before, let oldContent), .content(let after, let newContent)):
      fields = Self.fields(oldContent, newContent, parsers)
      kind =
        before.name != after.name ? .otherTemplate : fields.isEmpty ? .same : .otherContent
    }
  }

  private static func fields(
    _ old: [UInt8], _ new: [UInt8], _ parsers: (JSONParser, JSONParser)
  ) -> [(name: String, lines: [LineDiff.Line])] {
    guard old != new, let before = try? parsers.0.parse(old),
      let after = try? parsers.1.parse(new)
    else { return [] }
    return withExtendedLifetime(parsers) {
      var names = before.members.map(\.name.string)
      for (name, _) in after.members where before.member(name.bytes) == nil {
        names.append(name.string)
      }
      return names.compactMap { name in
        let bytes = Array(name.utf8)
        let (one, other) = bytes.withUnsafeBytes { name in
          (text(before.member(name)), text(after.member(name)))
        }
        let lines = LineDiff.between(one, other)
        return lines.isEmpty ? nil : (name, lines)
      }
    }
  }

  private static func text(_ value: JSONValue?) -> String? {
    guard let value else { return nil }
    return value.asString?.string ?? String(decoding: value.source, as: UTF8.self)
  }
}

extension LineDiff {
  /// The same for texts that may be absent.
  static func between(_ old: String?, _ new: String?) -> [Line] {
    switch (old, new) {
    case (nil, nil): []
    case (let old?, let new?): LineDiff(old, new).lines
    case (let old?, nil): old.split(separator: "\n").map { .removed(String($0)) }
    case (nil, let new?): new.split(separator: "\n").map { .added(String($0)) }
    }
  }
}
