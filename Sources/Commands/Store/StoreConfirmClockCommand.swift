internal import ArgumentParser
internal import EventLog

/// `meddela store confirm-clock`.
struct StoreConfirmClockCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "confirm-clock",
    abstract: "Says that the wall clock is right, so that retention goes on.",
    discussion: """
      Retention counts the time that passes while the service runs. How long it did not run, only \
      the wall clock says; a jump of more than a day is not believed before the clock has stood \
      for some days, or a person confirms it here. Look at the clock first (date -u): what it \
      makes too old is removed. Works beside the service, which takes it within ten seconds, and \
      before a start. Ends with 0 also when there is nothing to confirm, and says so.
      """)

  @OptionGroup var configuration: ConfigurationOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    try await reportingStoreFailure {
      let shards = try StoreShards(configuration.load())
      for name in shards.names {
        let (standing, hasWriter) = try StoreClock(path: shards.path(name)).confirm()
        output.json
          ? printJSON(name, standing, hasWriter) : printText(shards.path(name), standing, hasWriter)
      }
    }
  }

  private func printText(_ path: String, _ standing: StoreClock.Standing, _ hasWriter: Bool) {
    let when = hasWriter ? "by the service, within ten seconds" : "by the next start"
    switch standing {
    case .unknown, .agreeing:
      writeLine("\(path): nothing to confirm; \(standing.sentence)")
    case .waiting(let seconds, _):
      writeLine(
        """
        \(path): confirmed that the store was closed for \(Duration.text(seconds)); it is counted \
        \(when)
        """)
    case .behind(let seconds):
      writeLine(
        """
        \(path): confirmed that the clock is right, \(Duration.text(seconds)) before where it \
        stood; time is counted from it on \(when)
        """)
    }
  }

  private func printJSON(_ shard: String, _ standing: StoreClock.Standing, _ hasWriter: Bool) {
    var object = JSONObjectText()
    object.add("shard", shard)
    object.add("confirmed", standing.needsConfirmation)
    object.add("clock", standing.word)
    object.add("unconfirmedSeconds", standing.seconds.map { Int($0) })
    object.add("writer", hasWriter)
    writeLine(object.text)
  }
}

extension StoreClock.Standing {
  /// For programs.
  var word: String {
    switch self {
    case .unknown: "unknown"
    case .agreeing: "agreeing"
    case .waiting: "waiting"
    case .behind: "behind"
    }
  }

  var needsConfirmation: Bool { seconds != nil }

  /// What a person may confirm.
  var seconds: Int64? {
    switch self {
    case .unknown, .agreeing: nil
    case .waiting(let seconds, _): seconds
    case .behind(let seconds): -seconds
    }
  }

  /// For people.
  var sentence: String {
    switch self {
    case .unknown(let isDamaged):
      "CLOCK is \(isDamaged ? "damaged" : "not there"); the service makes it at its next start"
    case .agreeing: "it and the store's time agree"
    case .waiting(let seconds, let left):
      """
      by it the store was closed for \(Duration.text(seconds)); retention waits for a \
      confirmation ('meddela store confirm-clock'), or \(Duration.text(left)) more
      """
    case .behind(let seconds):
      """
      it stands \(Duration.text(seconds)) before where it stood; so much of the next times \
      closed is not counted, unless 'meddela store confirm-clock' says that it is right
      """
    }
  }
}

extension Duration {
  /// As a person says it: the two largest units.
  static func text(_ seconds: Int64) -> String {
    let units: [(Int64, String)] = [(86_400, "day"), (3600, "hour"), (60, "minute"), (1, "second")]
    var rest = max(0, seconds)
    var words: [String] = []
    for (size, name) in units where rest >= size && words.count < 2 {
      words.append("\(rest / size) \(name)\(rest / size == 1 ? "" : "s")")
      rest %= size
    }
    return words.isEmpty ? "0 seconds" : words.joined(separator: " ")
  }
}
