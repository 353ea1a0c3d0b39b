internal import JSON

/// What of a template decides whether events are sensitive. It is read without compiling the
/// template, and also from one that is otherwise wrong: a mistake in some other key must not show
/// what this one hides.
package struct TemplateKind: Equatable, Sendable {
  /// Its folder's name.
  package let name: String
  /// Nil when it is not known: it may be any.
  package let eventType: String?
  /// Whether it says `sensitive: true`, or may say so.
  package let isSensitive: Bool

  package init(name: String, eventType: String?, isSensitive: Bool) {
    self.name = name
    self.eventType = eventType
    self.isSensitive = isSensitive
  }

  /// By a template's files, whatever is wrong with them.
  package init(_ files: TemplateFiles) {
    name = files.name
    guard let bytes = files[TemplateFile.metadata] else {
      eventType = nil
      isSensitive = false
      return
    }
    guard let metadata = MetadataReader.readable(bytes) else {
      eventType = nil
      isSensitive = Self.mayMention(bytes)
      return
    }
    eventType = metadata.eventType.isEmpty ? nil : metadata.eventType
    isSensitive = metadata.isSensitive
  }

  /// The templates in a folder, and what of it cannot be read, as templates that may say anything.
  package static func all(in path: String) -> [TemplateKind] {
    let contents = TemplateFolder.read(path)
    let unread = contents.problems.filter { $0.code == .unreadable || $0.code == .tooLarge }
    return contents.templates.map(TemplateKind.init)
      + unread.map { TemplateKind(name: $0.file, eventType: nil, isSensitive: true) }
  }

  /// The files in an archive, without compiling them; see `Template.restore`.
  ///
  /// - Throws: when it is none, or its content does not have the version that it names.
  package static func archived(_ archive: [UInt8]) throws(CatalogError) -> (
    version: String, files: TemplateFiles
  ) {
    let content = try Template.content(archive: archive)
    return (content.version, content.files)
  }

  /// Whether the template could have the key: as it is, or with escapes, which YAML allows in
  /// quotes.
  package static func mayMention(_ files: TemplateFiles) -> Bool {
    files[TemplateFile.metadata].map(mayMention) ?? false
  }

  private static func mayMention(_ bytes: [UInt8]) -> Bool {
    let word = Array("sensitive".utf8)
    guard bytes.count >= word.count else { return false }
    return bytes.withUnsafeBufferPointer { bytes in
      for start in 0..<bytes.count {
        if bytes[start] == UInt8(ascii: "\\") { return true }
        guard bytes[start] == word[0], start + word.count <= bytes.count else { continue }
        if word.indices.allSatisfy({ bytes[start + $0] == word[$0] }) { return true }
      }
      return false
    }
  }
}
