internal import Glibc
package import Templates

extension Sensitivity {
  /// What the present templates and the versions of a store say.
  ///
  /// The store's versions count for more than the folder: the service puts a version there before
  /// an event can get it. Without either folder there is just less that is known.
  ///
  /// - Parameters:
  ///   - templatesPaths: folders of templates, the present one among them.
  ///   - storePath: of the store, which need not be there.
  package static func read(templatesPaths: [String], storePath: String) -> Sensitivity {
    var result = Sensitivity()
    var kinds: [TemplateKind] = templatesPaths.flatMap { path in
      isAbsent(path) ? [] : TemplateKind.all(in: path)
    }
    var versions: [TemplateFiles] = []
    let archive = "\(storePath)/templates"
    let files = folderNames(archive)
    if files == nil, !isAbsent(archive) { result.addUnreadable(archive) }
    for name in files ?? [] where name.hasSuffix(".json") {
      let content = readBytes("\(archive)/\(name)").flatMap { try? TemplateKind.archived($0) }
      if let content, "\(content.version).json" == name {
        result.add(version: content.version)
        versions.append(content.files)
      } else {
        result.addUnreadable("\(archive)/\(name)")
      }
    }
    // Nothing more than the word is looked for where no template uses it.
    if kinds.contains(where: \.isSensitive) || versions.contains(where: TemplateKind.mayMention) {
      kinds += versions.map(TemplateKind.init)
    }
    for kind in kinds { result.add(kind) }
    return result
  }

  /// A folder that is not there is another thing than one that may not be read.
  private static func isAbsent(_ path: String) -> Bool {
    access(path, F_OK) != 0 && (errno == ENOENT || errno == ENOTDIR)
  }
}
