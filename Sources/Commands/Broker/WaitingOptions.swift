internal import ArgumentParser

/// How long a command waits. Every command that needs the broker or the service takes this.
struct WaitingOptions: ParsableArguments {
  @Option(help: "Seconds to wait for the broker, and for each of its answers.")
  var timeout = 10.0

  mutating func validate() throws {
    guard timeout.isFinite, (0.1...3_600).contains(timeout) else {
      throw ValidationError("--timeout is 0.1 to 3600 seconds")
    }
  }
}

/// Does some work, and says what it waits for when that takes longer than a moment.
func waiting<Result>(
  for what: String, _ work: () async throws -> Result
) async rethrows -> Result {
  let notice = Task.detached {
    try await Task.sleep(for: .seconds(1.5))
    warn("waiting for \(what)")
  }
  defer { notice.cancel() }
  return try await work()
}
