internal import ArgumentParser
internal import JSON
internal import Messages
internal import Node
internal import Templates

extension TemplatesCommand {
  struct DiffCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "diff",
      abstract: "Shows what other templates would change for the newest events of the store.",
      discussion: """
        `diff OLD NEW` renders each event with the templates of both folders; `diff --store NEW` \
        compares with the template versions that the events are pinned to. Nothing is sent and \
        nothing is changed. The store is read while the service runs. Of sensitive events only the \
        names of the parts that differ are shown, unless --reveal is given.
        """)

    @OptionGroup var configuration: ConfigurationOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var reveal: RevealOptions

    @Flag(help: "Compare with the versions in the store instead of with OLD.")
    var store = false

    @Option(help: "Look at so many of the newest events.")
    var events = 1_000

    @Option(help: "Take the events of this file, one a line, instead of the store's.")
    var file: String?

    @Option(help: "With --file: realtime or batch.")
    var lane = "realtime"

    @Option(help: "The time to match at, RFC 3339; by default now.")
    var at: String?

    @Option(help: "Print so many changed events whole; of the others only the number.")
    var show = 20

    @Argument(help: "OLD and NEW; with --store only NEW.")
    var folders: [String]

    func validate() throws {
      guard folders.count == (store ? 1 : 2) else {
        throw ValidationError("name the folders OLD and NEW, or --store and NEW")
      }
      if store, file != nil { throw ValidationError("--store and --file contradict each other") }
      if Lane(name: lane) == nil { throw ValidationError("--lane is realtime or batch") }
      guard events >= 1, show >= 0 else {
        throw ValidationError("--events is at least 1, --show at least 0")
      }
    }

    func run() async throws {
      try await reportingFailure {
        let node = try configuration.load()
        var comparison = CatalogComparison(
          new: try TemplatesCommand.catalog(folders[folders.count - 1]), now: try time(),
          isJSON: output.json, mostShown: show,
          disclosure: Disclosure(
            node, "templates diff", reveals: reveal.isOn, folders: folders))
        if store {
          comparison.archive = StoredTemplates(node)
        } else {
          comparison.old = try TemplatesCommand.catalog(folders[0])
        }
        let bodies = try file.map(read) ?? StoredEvents(node).newestBodies(events)
        guard !bodies.isEmpty else { throw CommandFailure("there are no events", .noInput) }
        var progress = ProgressBar("rendering", total: bodies.count)
        for (index, body) in bodies.enumerated() {
          comparison.compare(body)
          progress.update(index + 1)
        }
        progress.finish(bodies.count)
        comparison.finish()
      }
    }

    private func time() throws -> Timestamp {
      guard let at else { return WallClock.now() }
      guard let time = Timestamp(rfc3339: at) else {
        throw CommandFailure("--at \(at): expected a time like 2026-12-24T06:00:00Z", .usage)
      }
      return time
    }

    private func read(_ file: String) throws -> [StoredBody] {
      let lane = Lane(name: lane) ?? .realtime
      return try EventFile.readEvents(file).suffix(events).map {
        StoredBody(id: "", lane: lane, body: $0)
      }
    }
  }
}
