/// Every bound of this target. They keep a mistake in a template, or an event made to hurt, from
/// taking memory or time without end.
package enum TemplateLimits {
  /// Bytes of one file of a template.
  package static let fileBytes = 256 * 1024
  /// Bytes of `template.yaml`.
  package static let metadataBytes = 16 * 1024
  /// Templates of a catalog.
  package static let templates = 10_000
  /// Partials of a catalog.
  package static let partials = 1_000
  /// Bytes of all files of one template, the partials it uses among them.
  package static let templateBytes = 2 * 1024 * 1024
  /// Bytes of an archive that `Template.restore` accepts: JSON may need six bytes for one.
  package static let archiveBytes = 16 * 1024 * 1024
  /// Bytes of all files of a catalog together.
  package static let catalogBytes = 256 * 1024 * 1024
  /// Entries of `headers`, `attachments`, `required` and `fallback`, each.
  package static let listEntries = 32
  /// Sections inside each other, those of the partials counted where they are used.
  package static let sectionDepth = 32
  /// Partials inside each other.
  package static let partialDepth = 16
  /// Names of a dotted name: `{{a.b.c}}` has three.
  package static let nameParts = 16
  /// Instructions of a compiled template, its partials included wherever they are used.
  package static let instructions = 65_536
  /// Bytes of literal text of a compiled template, its partials included wherever they are used.
  package static let literalBytes = 1024 * 1024
  /// Bytes of one rendered content object.
  package static let outputBytes = 1024 * 1024
  /// Steps of one rendering: an instruction is one, and so are 16 members of an object that is
  /// searched for a name. About 0.1 s at the most.
  package static let renderSteps = 1_000_000
  /// Problems listed for one catalog; the rest are counted.
  package static let problems = 200

  /// Whether the bounds agree with each other; checked by a test.
  static var agree: Bool {
    metadataBytes <= fileBytes && fileBytes <= literalBytes && literalBytes <= outputBytes
      && instructions < renderSteps && partialDepth <= sectionDepth
      && 5 * fileBytes <= templateBytes && 7 * templateBytes < archiveBytes
  }
}
