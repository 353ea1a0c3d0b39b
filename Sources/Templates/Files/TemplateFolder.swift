internal import Glibc

/// Reads a catalog's folder. Everything that the file system says comes through here.
///
/// Symbolic links are followed only as long as they stay inside the folder (the mounted volumes of
/// Kubernetes are made of such links). Names that begin with a dot are ignored.
struct TemplateFolder {
  /// A folder of the catalog, as it was found.
  struct Contents {
    /// The templates, sorted by name, without their partials.
    var templates: [TemplateFiles] = []
    /// The partials, by name.
    var partials: [String: TemplateFile] = [:]
    var problems: [TemplateProblem] = []
  }

  private let path: String
  private var root = ""
  private var contents = Contents()
  private var bytesRead = 0

  private init(path: String) {
    self.path = path
  }

  /// Reads the folder at `path`.
  static func read(_ path: String) -> Contents {
    var folder = TemplateFolder(path: path)
    folder.read()
    return folder.contents
  }

  private mutating func read() {
    guard let resolved = Self.resolve(path), let names = Self.names(in: resolved) else {
      report(.unreadable, path, "expected a folder of templates: \(Self.lastError)")
      return
    }
    root = resolved
    for name in names {
      guard let kind = kind(of: name) else { continue }
      if kind == S_IFDIR {
        name == "partials" ? readPartials() : readTemplate(name)
      } else if TemplateFile.all.contains(name) || name.hasSuffix(".mustache") {
        report(.unexpectedFile, name, "expected in the folder of a template, or in partials/")
      }
    }
    if contents.templates.count > TemplateLimits.templates {
      report(.tooLarge, path, "at most \(TemplateLimits.templates) templates are accepted")
    }
    if contents.templates.isEmpty, contents.problems.isEmpty {
      report(.missingFile, path, "expected at least one folder with a template.yaml")
    }
  }

  private mutating func readTemplate(_ name: String) {
    guard Self.isPlainName(name) else {
      report(.badValue, name, "expected a name of at most 128 letters, digits, '.', '_' or '-'")
      return
    }
    var files: [TemplateFile] = []
    for file in names(inside: name) {
      guard TemplateFile.all.contains(file) else {
        report(
          .unexpectedFile, "\(name)/\(file)",
          "expected only \(TemplateFile.all.sorted().joined(separator: ", "))")
        continue
      }
      if let bytes = readFile("\(name)/\(file)") {
        files.append(TemplateFile(name: file, bytes: bytes))
      }
    }
    contents.templates.append(TemplateFiles(name: name, files: files))
  }

  private mutating func readPartials() {
    let suffix = ".mustache"
    for file in names(inside: "partials") {
      let name = String(file.dropLast(suffix.count))
      guard file.hasSuffix(suffix), Self.isPlainName(name) else {
        report(.unexpectedFile, "partials/\(file)", "expected only <name>.mustache")
        continue
      }
      guard contents.partials.count < TemplateLimits.partials else {
        report(
          .tooLarge, "partials", "at most \(TemplateLimits.partials) partials are accepted")
        return
      }
      guard let bytes = readFile("partials/\(file)") else { continue }
      let partial = TemplateFile(name: TemplateFiles.partialFile(name), bytes: bytes)
      if let problem = partial.problem(in: "") { contents.problems.append(problem) }
      contents.partials[name] = partial
    }
  }

  private mutating func names(inside folder: String) -> [String] {
    if let names = Self.names(in: "\(root)/\(folder)") { return names }
    report(.unreadable, folder, "expected a folder that can be read: \(Self.lastError)")
    return []
  }

  /// The file type bits of an entry that lies inside the catalog's folder; nil and a problem
  /// otherwise.
  private mutating func kind(of relative: String) -> mode_t? {
    guard let resolved = Self.resolve("\(root)/\(relative)") else {
      report(.unreadable, relative, "expected a file or folder: \(Self.lastError)")
      return nil
    }
    guard resolved.utf8.starts(with: "\(root)/".utf8) else {
      report(.unreadable, relative, "this link leads out of the folder of the templates")
      return nil
    }
    var status = stat()
    guard stat(resolved, &status) == 0 else {
      report(.unreadable, relative, "expected a file or folder: \(Self.lastError)")
      return nil
    }
    return status.st_mode & S_IFMT
  }

  private mutating func readFile(_ relative: String) -> [UInt8]? {
    guard let kind = kind(of: relative) else { return nil }
    guard kind == S_IFREG else {
      report(.unreadable, relative, "expected a plain file")
      return nil
    }
    let bytes = Self.bytes(of: "\(root)/\(relative)", atMost: TemplateLimits.fileBytes + 1)
    guard let bytes else {
      report(.unreadable, relative, "expected a file that can be read: \(Self.lastError)")
      return nil
    }
    bytesRead += bytes.count
    guard bytesRead <= TemplateLimits.catalogBytes else {
      report(
        .tooLarge, relative,
        "the files of a catalog may have \(TemplateLimits.catalogBytes) bytes together")
      return nil
    }
    return bytes
  }

  private mutating func report(_ code: TemplateProblem.Code, _ file: String, _ detail: String) {
    contents.problems.append(TemplateProblem(code, file: file, detail))
  }

  static func isPlainName(_ name: String) -> Bool {
    (1...128).contains(name.utf8.count)
      && name.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"),
          UInt8(ascii: "-"):
          true
        default: false
        }
      }
  }
}
