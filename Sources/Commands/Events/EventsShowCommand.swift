internal import ArgumentParser
internal import Messages
internal import Node

/// `meddela events show`.
struct EventsShowCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Shows one event and its whole history.",
    discussion: """
      --content shows what was sent, or will be, instead: rendered from the stored event with the \
      template version that the attempt is pinned to. With --json it is the delivery, byte for \
      byte as the broker got it. What a sensitive event holds, and its content, are shown with \
      --reveal only.
      """)

  @OptionGroup var configuration: ConfigurationOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var reveal: RevealOptions

  @Argument(help: "The event's id.")
  var id: String

  @Flag(help: "Show the content of the delivery.")
  var content = false

  @Option(help: "With --content: of this attempt; by default the newest.")
  var attempt: Int?

  func validate() throws {
    guard attempt == nil || content else { throw ValidationError("--attempt is for --content") }
    if let attempt, !(1...Int(UInt16.max)).contains(attempt) {
      throw ValidationError("--attempt is 1 to \(UInt16.max)")
    }
  }

  func run() async throws {
    try await reportingFailure {
      let node = try configuration.load()
      let history = try StoredEvents(node).history(of: id)
      let hidden = Disclosure(node, "events show", reveals: reveal.isOn).reason(history)
      guard content else {
        return output.json
          ? writeLine(history.json(hidden: hidden != nil))
          : HistoryText.print(history, hidden: hidden)
      }
      if let hidden {
        throw CommandFailure(
          "the content of event \(id) is not shown: \(hidden); --reveal shows it", .permission)
      }
      let delivery = try StoredDelivery(history, attempt: attempt, node)
      if output.json {
        writeLine(String(decoding: delivery.body, as: UTF8.self))
      } else {
        writeLine(delivery.headline.printable)
        try delivery.withContent { ContentText.print($0) }
      }
    }
  }
}
