package import JSON

extension Template {
  /// Appends the template as one JSON object: `schemaVersion`, `name`, `version` and all `files`
  /// with their `name` and `content`. Enough to make the very same template again.
  package func archive(into writer: inout ByteWriter) {
    writer.write("{\"schemaVersion\":1,\"name\":")
    writer.writeJSONString(name)
    writer.write(",\"version\":")
    writer.writeJSONString(version)
    writer.write(",\"files\":[")
    for (index, file) in files.files.enumerated() {
      writer.write(index == 0 ? "{\"name\":" : ",{\"name\":")
      writer.writeJSONString(file.name)
      writer.write(",\"content\":")
      file.bytes.withUnsafeBytes { writer.writeJSONString($0) }
      writer.write("}")
    }
    writer.write("]}")
  }

  /// The template that an archive holds: the same files, the same version, the same rendering.
  ///
  /// The sample is not rendered again: an open event keeps its template even when a later release
  /// would no longer accept it into a catalog. Throws when the archive is not one, or when its
  /// content does not have the version that it names.
  package static func restore(archive: [UInt8]) throws(CatalogError) -> Template {
    let content = try content(archive: archive)
    let template = try Template(content.files, checkingSample: false, rules: content.rules)
    guard template.version == content.version else {
      throw refusal("it has partials that the template does not use")
    }
    return template
  }

  /// What an archive holds, with the version that it names and has.
  static func content(archive: [UInt8]) throws(CatalogError) -> (
    files: TemplateFiles, rules: RenderRules, version: String
  ) {
    let parser = JSONParser(maxBytes: TemplateLimits.archiveBytes)
    // Views die with their parser.
    defer { withExtendedLifetime(parser) {} }
    let root: JSONValue
    do {
      root = try parser.parse(archive)
    } catch {
      throw refusal(line: error.line, "expected JSON: \(error.detail)")
    }
    guard root["schemaVersion"]?.asInt64 == 1, let name = root["name"]?.asString?.string,
      let version = root["version"]?.asString?.string, let list = root["files"],
      list.kind == .array
    else {
      throw refusal("expected an object with schemaVersion 1, name, version and files")
    }
    var files: [TemplateFile] = []
    for file in list.elements {
      guard let name = file["name"]?.asString?.string, let content = file["content"]?.asString
      else { throw refusal("expected files with a name and a content") }
      files.append(TemplateFile(name: name, bytes: Array(content.bytes)))
    }
    // Checked before anything is read from the files: damage goes no further than this.
    let archived = TemplateFiles(name: name, files: files)
    guard let rules = RenderRules.allCases.first(where: { archived.version(by: $0) == version })
    else { throw refusal("its content does not have the version \(version)") }
    return (archived, rules, version)
  }

  private static func refusal(line: Int? = nil, _ detail: String) -> CatalogError {
    CatalogError(TemplateProblem(.archive, file: "archive", line: line, detail))
  }
}
