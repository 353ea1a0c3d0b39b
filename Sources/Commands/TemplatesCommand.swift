internal import ArgumentParser
internal import JSON
internal import Messages
internal import Node
internal import Templates

/// `meddela templates`: checks and previews templates, and explains which one an event gets.
struct TemplatesCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "templates", abstract: "Checks, previews, matches and compares message templates.",
    subcommands: [
      CheckCommand.self, PreviewCommand.self, MatchCommand.self, DiffCommand.self,
    ])

  static func catalog(_ path: String) throws -> TemplateCatalog {
    do {
      return try NodeService.catalog(path: path)
    } catch {
      throw CommandFailure(error)
    }
  }

  struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "check", abstract: "Loads all templates and renders their samples.",
      discussion: """
        Warns of names in a template that its sample has nothing for: they are mistyped, or the \
        sample is not complete.
        """)

    @OptionGroup var configuration: ConfigurationOptions
    @OptionGroup var output: OutputOptions

    @Flag(help: "Ends with 65 if there are warnings.")
    var strict = false

    @Argument(help: "The folder; by default templates.path.")
    var folder: String?

    func run() async throws {
      try await reportingFailure {
        var warnings: [TemplateWarning] = []
        // What is wrong with the configuration is said, whether the folder comes from it or not.
        let node = try configuration.load()
        let catalog = try TemplatesCommand.catalog(folder ?? node.templatesPath)
        var table = TextTable([
          "TEMPLATE", "TYPE", "CHANNEL", "LANGUAGE", "ORIGIN", "VERSION", "SENSITIVE",
        ])
        for template in catalog.templates {
          let found = template.unresolvedInSample()
          warnings += found
          if output.json {
            var object = JSONObjectText()
            object.add("name", template.name)
            object.add("eventType", template.eventType)
            object.add("channel", template.channel)
            object.add("language", template.language)
            object.add("origin", template.origin)
            object.add("version", template.version)
            object.add("sensitive", template.isSensitive)
            let texts = found.map { JSONObjectText.quoted($0.description) }
            object.add("warnings", json: "[\(texts.joined(separator: ","))]")
            writeLine(object.text)
          } else {
            table.add([
              template.name, template.eventType, template.channel, template.language ?? "-",
              template.origin ?? "-", String(template.version.prefix(12)),
              template.isSensitive ? "yes" : "-",
            ])
          }
        }
        if !output.json {
          writeLine(table.text)
          for warning in warnings { writeError("warning: \(warning)\n") }
        }
        if strict, !warnings.isEmpty {
          throw CommandFailure("\(warnings.count) warnings", .data)
        }
      }
    }
  }

  struct PreviewCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "preview", abstract: "Renders one template for an event, by default its sample.",
      discussion: """
        The sample is part of the template and no secret. Another event is, if the template or one \
        of the event's type is sensitive: it needs --reveal.
        """)

    @OptionGroup var configuration: ConfigurationOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var reveal: RevealOptions

    @Argument(help: "The template's folder, or its name below templates.path.")
    var template: String

    @Option(help: "A file with the event: JSON, a CloudEvent, or Adobe's XML.")
    var event: String?

    func run() async throws {
      try await reportingFailure {
        let (template, catalog) = try find(below: try configuration.load().templatesPath)
        let body: [UInt8]
        if let event {
          body = try EventFile.readEvent(event)
          try refuseSensitive(body, event, template, catalog)
        } else if let sample = template.sample {
          body = sample
        } else {
          throw CommandFailure("\(template.name) has no sample.json: give --event FILE", .data)
        }
        let content = try Self.render(template, body)
        if output.json {
          writeLine(String(decoding: content, as: UTF8.self))
        } else {
          ContentText.print(content)
        }
      }
    }

    /// - Throws: when what would be shown is sensitive, and was not to be revealed.
    private func refuseSensitive(
      _ event: [UInt8], _ file: String, _ template: Template, _ catalog: TemplateCatalog
    ) throws {
      var sensitivity = Sensitivity()
      for template in catalog.templates { sensitivity.add(TemplateKind(template.files)) }
      if sensitivity.hidesNothing { return }
      let type = try? JSONParser().withDocument(event) { $0["type"]?.asString?.string }
      let log =
        try reveal.isOn ? RevealLog(configuration.load(), command: "templates preview") : nil
      let disclosure = Disclosure(sensitivity, log)
      let subject = "\(InputFile.name(file)) with template \(template.name)"
      let decisive = template.isSensitive ? template.eventType : type
      guard let hidden = disclosure.reason(subject, type: decisive, pinned: nil) else { return }
      throw CommandFailure(
        "what \(subject) makes is not shown: \(hidden); --reveal shows it", .permission)
    }

    private func find(below path: String) throws -> (Template, TemplateCatalog) {
      let parts = template.split(separator: "/", omittingEmptySubsequences: true)
      let name = parts.last.map(String.init) ?? template
      let folder =
        parts.count > 1
        ? (template.hasPrefix("/") ? "/" : "") + parts.dropLast().joined(separator: "/")
        : path
      let catalog = try TemplatesCommand.catalog(folder)
      guard let found = catalog.templates.first(where: { $0.name == name }) else {
        throw CommandFailure("there is no template \(name) in \(folder)", .noInput)
      }
      return (found, catalog)
    }

    private static func render(_ template: Template, _ event: [UInt8]) throws -> [UInt8] {
      let parser = JSONParser()
      var writer = ByteWriter(capacity: 4_096)
      do {
        try parser.withDocument(event) { try template.render($0, into: &writer) }
      } catch let error as JSONError {
        throw CommandFailure("the event is not JSON: \(error.description)", .data)
      } catch {
        throw CommandFailure("\(template.name): \(error)", .data)
      }
      return writer.array()
    }
  }

  struct MatchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "match", abstract: "Says which template an event gets, and why no other.")

    @OptionGroup var configuration: ConfigurationOptions
    @OptionGroup var output: OutputOptions

    @Option(help: "realtime or batch.")
    var lane = "realtime"

    @Option(help: "The time to match at, RFC 3339; by default now.")
    var at: String?

    @Argument(help: "A file with the event: JSON, a CloudEvent, or Adobe's XML.")
    var event: String

    func run() async throws {
      try await reportingFailure {
        guard let lane = Lane(name: lane) else {
          throw CommandFailure("--lane is realtime or batch", .usage)
        }
        var now = WallClock.now()
        if let at {
          guard let time = Timestamp(rfc3339: at) else {
            throw CommandFailure("--at \(at): expected a time like 2026-12-24T06:00:00Z", .usage)
          }
          now = time
        }
        let catalog = try TemplatesCommand.catalog(configuration.load().templatesPath)
        let explanation = try EventFile.explain(
          try EventFile.readEvent(event), catalog: catalog, lane: lane, now: now)
        writeLine(output.json ? EventFile.json(explanation) : explanation.description)
      }
    }
  }
}
