internal import CDispatch
internal import Glibc
internal import JSON
internal import Templates

/// Template versions that the store keeps by content hash, so that an event which is pinned to
/// one is delivered with the same content after any restart or change of the templates.
///
/// One file a version, written before any event can be pinned to it: to a temporary name, synced,
/// renamed, the folder synced. All shards of a store keep theirs here, also those of other
/// processes.
struct TemplateArchive: Sendable {
  let path: String

  init(path: String) throws(NodeError) {
    self.path = path
    try Self.makeFolders(path)
  }

  /// All versions that are kept.
  func load() throws(NodeError) -> [String: Template] {
    var result: [String: Template] = [:]
    let names = try fileNames()
    removeLeftOvers(names)
    for name in names where name.hasSuffix(".json") {
      let file = "\(path)/\(name)"
      guard let bytes = readBytes(file) else { throw DurableFile.failure("read", file) }
      do {
        let template = try Template.restore(archive: bytes)
        guard "\(template.version).json" == name else {
          throw NodeError(
            message: "\(file) holds template version \(template.version)", exitCode: 65)
        }
        result[template.version] = template
      } catch let error as CatalogError {
        throw NodeError(message: "\(file) is no template archive: \(error)", exitCode: 65)
      } catch {
        throw error as? NodeError ?? DurableFile.failure("read", file)
      }
    }
    return result
  }

  /// Makes sure that every version of a catalog is kept, durably.
  func keep(_ catalog: TemplateCatalog) throws(NodeError) {
    var writer = ByteWriter(capacity: 1 << 16)
    var hasWritten = false
    for template in catalog.templates {
      let file = "\(path)/\(template.version).json"
      if access(file, F_OK) == 0 { continue }
      writer.removeAll()
      template.archive(into: &writer)
      try DurableFile.replace(file, with: writer.array())
      hasWritten = true
    }
    if hasWritten { try DurableFile.syncFolder(path) }
  }

  /// Files that some process has begun to write and did not come to rename.
  private func removeLeftOvers(_ names: [String]) {
    for name in names where name.hasSuffix(".tmp") {
      var info = stat()
      let file = "\(path)/\(name)"
      guard stat(file, &info) == 0, info.st_mtim.tv_sec + Self.leftOverSeconds < time(nil) else {
        continue
      }
      unlink(file)
    }
  }

  /// Nobody writes a template for so long.
  private static let leftOverSeconds = 3_600

  private func fileNames() throws(NodeError) -> [String] {
    guard let names = folderNames(path) else { throw DurableFile.failure("read", path) }
    return names
  }

  private static func makeFolders(_ path: String) throws(NodeError) {
    var prefix = path.hasPrefix("/") ? "/" : ""
    for part in path.split(separator: "/") {
      prefix += (prefix.isEmpty || prefix == "/" ? "" : "/") + part
      guard mkdir(prefix, 0o755) == 0 || errno == EEXIST else {
        throw NodeError(
          message: "cannot create \(prefix): \(String(cString: strerror(errno)))", exitCode: 73)
      }
    }
  }
}
