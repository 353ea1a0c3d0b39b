internal import Messages
internal import Yams

/// Reads `template.yaml`. Every mistake is listed, with its line and what was expected.
struct MetadataReader {
  private let file: String
  private var metadata = TemplateMetadata()
  private var problems: [TemplateProblem] = []

  private init(file: String) {
    self.file = file
  }

  /// What the file says, or why it is refused.
  /// - Parameter file: the file's name for messages.
  static func read(
    _ bytes: [UInt8], file: String
  ) -> (metadata: TemplateMetadata?, problems: [TemplateProblem]) {
    var reader = MetadataReader(file: file)
    reader.read(String(decoding: bytes, as: UTF8.self))
    return (reader.problems.isEmpty ? reader.metadata : nil, reader.problems)
  }

  /// What the file says as far as it can be read, whatever else is wrong with it; nil when it is
  /// no YAML mapping.
  static func readable(_ bytes: [UInt8]) -> TemplateMetadata? {
    var reader = MetadataReader(file: TemplateFile.metadata)
    reader.read(String(decoding: bytes, as: UTF8.self))
    return reader.problems.contains { $0.code == .yaml } ? nil : reader.metadata
  }

  private mutating func read(_ text: String) {
    let root: Node?
    do {
      root = try Yams.compose(yaml: text)
    } catch {
      return reportYAML(error, hasTags: text.contains("{{"))
    }
    guard let mapping = root?.mapping else {
      return report(.yaml, root?.mark?.line ?? 1, nil, "expected a mapping of keys to values")
    }
    for (key, value) in mapping {
      guard let name = key.scalar?.string, TemplateMetadata.keys.contains(name) else {
        report(
          .unknownKey, key.mark?.line, key.scalar?.string,
          "expected one of \(TemplateMetadata.keys.joined(separator: ", "))")
        continue
      }
      metadata.lines[name] = key.mark?.line
      read(name, value)
    }
    for name in TemplateMetadata.requiredKeys where metadata.lines[name] == nil {
      report(.missingKey, nil, name, "expected this key")
    }
    if let from = metadata.validFrom, let to = metadata.validTo, from >= to {
      report(
        .badValue, metadata.lines["validTo"], "validTo", "expected a time after validFrom")
    }
    if metadata.fallback.contains(metadata.channel) {
      report(
        .badValue, metadata.lines["fallback"], "fallback",
        "expected other channels than the template's own")
    }
  }

  private mutating func read(_ name: String, _ value: Node) {
    switch name {
    case "eventType":
      metadata.eventType =
        text(
          name, value, "a type such as order_confirmation", where: FieldForm.isEventType) ?? ""
    case "channel": metadata.channel = channel(name, value) ?? ""
    case "language":
      metadata.language = text(
        name, value, "a language such as sv or sv-SE", where: FieldForm.isLanguage)
    case "origin":
      metadata.origin = text(
        name, value, "at most \(MessageLimits.originBytes) bytes without control characters",
        where: FieldForm.isOrigin)
    case "lanes": readLanes(value)
    case "publishedAt": metadata.publishedAt = time(name, value) ?? metadata.publishedAt
    case "validFrom": metadata.validFrom = time(name, value)
    case "validTo": metadata.validTo = time(name, value)
    case "from": metadata.from = source(name, value)
    case "replyTo": metadata.replyTo = source(name, value)
    case "headers": readHeaders(value)
    case "attachments":
      metadata.attachments = list(name, value, of: "texts").compactMap { source(name, $0) }
    case "fallback":
      metadata.fallback = list(name, value, of: "channels").compactMap { channel(name, $0) }
      refuseTwins(metadata.fallback, name)
    case "sensitive": metadata.isSensitive = truth(name, value)
    default:
      metadata.required = list(name, value, of: "paths").compactMap {
        text(name, $0, "a path such as ctx.order.number", where: FieldForm.isPath)
      }
      refuseTwins(metadata.required, name)
    }
  }

  private mutating func readLanes(_ value: Node) {
    let names = value.scalar == nil ? list("lanes", value, of: "lanes") : [value]
    let lanes = names.compactMap { name in
      text("lanes", name, "realtime or batch") { Lane(name: $0) != nil }.flatMap(Lane.init(name:))
    }
    if names.isEmpty { report(.badValue, value.mark?.line, "lanes", "expected at least one lane") }
    metadata.lanes = Lane.allCases.filter(lanes.contains)
  }

  private mutating func readHeaders(_ value: Node) {
    guard let mapping = value.mapping, mapping.count <= TemplateLimits.listEntries else {
      return report(
        .badValue, value.mark?.line, "headers",
        "expected a mapping of at most \(TemplateLimits.listEntries) header names to texts")
    }
    var seen: Set<String> = ["from", "reply-to", "subject", "to"]
    for (key, value) in mapping {
      let name = key.scalar?.string ?? ""
      let field = "headers.\(name)"
      guard FieldForm.isHeaderName(name) else {
        report(
          .badValue, key.mark?.line, field, "expected a name of letters, digits and hyphens")
        continue
      }
      guard seen.insert(name.lowercased()).inserted else {
        report(
          .badValue, key.mark?.line, field,
          "expected each name once, and not From, Reply-To, Subject or To")
        continue
      }
      if let source = source(field, value) {
        metadata.headers.append(.init(name: name, value: source))
      }
    }
  }

  // MARK: Values

  private mutating func channel(_ name: String, _ value: Node) -> String? {
    text(
      name, value, "a channel such as email: at most 32 of a-z, 0-9 and -",
      where: FieldForm.isChannel)
  }

  private mutating func source(_ name: String, _ value: Node) -> MustacheSource? {
    guard let text = text(name, value, "a text that is not empty", where: { !$0.isEmpty })
    else { return nil }
    return MustacheSource(
      file: file, field: name, firstLine: value.mark?.line ?? 1, bytes: Array(text.utf8))
  }

  private mutating func time(_ name: String, _ value: Node) -> Timestamp? {
    let text = text(name, value, "a time with a zone such as 2026-11-01T00:00:00Z") {
      Timestamp(rfc3339: $0) != nil
    }
    return text.flatMap { Timestamp(rfc3339: $0) }
  }

  private mutating func text(
    _ name: String, _ value: Node, _ expected: String, where isRight: (String) -> Bool
  ) -> String? {
    guard let text = value.scalar?.string, isRight(text) else {
      report(.badValue, value.mark?.line, name, "expected \(expected)")
      return nil
    }
    return text
  }

  /// True for anything but a plain `false`: what is not understood hides rather than shows.
  private mutating func truth(_ name: String, _ value: Node) -> Bool {
    let text = value.scalar?.style == .plain ? value.scalar?.string : nil
    switch text {
    case "true": return true
    case "false": return false
    default:
      report(.badValue, value.mark?.line, name, "expected true or false, without quotes")
      return true
    }
  }

  private mutating func list(_ name: String, _ value: Node, of things: String) -> [Node] {
    guard let sequence = value.sequence, sequence.count <= TemplateLimits.listEntries else {
      report(
        .badValue, value.mark?.line, name,
        "expected a list of at most \(TemplateLimits.listEntries) \(things)")
      return []
    }
    return Array(sequence)
  }

  private mutating func refuseTwins(_ values: [String], _ name: String) {
    if Set(values).count < values.count {
      report(.badValue, metadata.lines[name], name, "expected each entry once")
    }
  }

  // MARK: Problems

  private mutating func report(
    _ code: TemplateProblem.Code, _ line: Int?, _ field: String?, _ detail: String
  ) {
    problems.append(TemplateProblem(code, file: file, line: line, field: field, detail))
  }

  private mutating func reportYAML(_ error: any Error, hasTags: Bool) {
    switch error as? YamlError {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
      .composer(_, let problem, let mark, _):
      let hint = hasTags ? "; a value that begins with {{ stands in quotes" : ""
      report(.yaml, mark.line, nil, "expected YAML: \(problem)\(hint)")
    case .duplicatedKeysInMapping(let duplicates, let context):
      report(
        .yaml, context.mark.line, duplicates.sorted().joined(separator: ", "),
        "expected each key once")
    default: report(.yaml, nil, nil, "expected YAML")
    }
  }
}
