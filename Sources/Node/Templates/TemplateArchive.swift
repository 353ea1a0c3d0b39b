internal import Glibc
internal import JSON
internal import Templates

/// Template versions that the store keeps by content hash, so that an event which is pinned to
/// one is delivered with the same content after any restart or change of the templates.
///
/// One file a version, written before any event can be pinned to it: to a temporary name, synced,
/// renamed, the folder synced.
struct TemplateArchive: Sendable {
  let path: String

  init(path: String) throws(NodeError) {
    self.path = path
    try Self.makeFolders(path)
  }

  /// All versions that are kept.
  func load() throws(NodeError) -> [String: Template] {
    var result: [String: Template] = [:]
    for name in try fileNames() where name.hasSuffix(".json") {
      let file = "\(path)/\(name)"
      guard let bytes = readBytes(file) else { throw failure("read", file) }
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
        throw error as? NodeError ?? failure("read", file)
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
      try write(writer.array(), to: file)
      hasWritten = true
    }
    if hasWritten { try syncFolder(path) }
  }

  private func write(_ bytes: [UInt8], to file: String) throws(NodeError) {
    let temporary = "\(file).tmp"
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw failure("create", temporary) }
    var written = 0
    while written < bytes.count {
      let count = bytes.withUnsafeBytes { buffer in
        Glibc.write(descriptor, buffer.baseAddress.map { $0 + written }, bytes.count - written)
      }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else {
        let error = failure("write", temporary)
        close(descriptor)
        throw error
      }
      written += count
    }
    guard fsync(descriptor) == 0, close(descriptor) == 0, rename(temporary, file) == 0 else {
      throw failure("write", file)
    }
  }

  private func syncFolder(_ folder: String) throws(NodeError) {
    let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0, fsync(descriptor) == 0, close(descriptor) == 0 else {
      throw failure("sync", folder)
    }
  }

  private func fileNames() throws(NodeError) -> [String] {
    guard let folder = opendir(path) else { throw failure("read", path) }
    defer { closedir(folder) }
    var names: [String] = []
    while let entry = readdir(folder) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      names.append(name)
    }
    return names.sorted()
  }

  private func failure(_ verb: String, _ file: String) -> NodeError {
    NodeError(
      message: "cannot \(verb) \(file): \(String(cString: strerror(errno)))", exitCode: 74)
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
