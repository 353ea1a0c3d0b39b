internal import AMQP
internal import ArgumentParser
internal import CBareRelay
internal import Glibc

/// `meddela-bench relay`: the child process that calls CBareRelay. Prints seconds and CPU seconds.
struct RelayCommand: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "relay", shouldDisplay: false)

  /// Where the broker's URL is: it may hold a password, so not among the arguments.
  static let brokerVariable = "BENCH_BROKER_URL"
  /// Unacknowledged, and unconfirmed, at one time: the service's default prefetch.
  private static let window: UInt64 = 1000

  @ArgumentParser.Argument var words: [String]

  func run() throws {
    guard let url = getenv(Self.brokerVariable) else { throw ValidationError("no broker") }
    let address = try BrokerAddress(url: String(cString: url))
    let result = try PrivateBroker.withBare(address) { broker in Result { try work(broker) } }.get()
    if let error = result.error { throw BenchFailure(String(cString: error)) }
    print(result.seconds, result.cpu_seconds)
  }

  private func work(_ broker: bare_broker) throws -> bare_result {
    switch (words.first, words.count) {
    case ("fill", 7):
      guard let count = UInt64(words[3]), let first = UInt64(words[4]) else { break }
      return bare_fill(
        broker, words[1], words[2], first, count, words[5], UInt64(words[5].utf8.count), words[6],
        Self.window)
    case ("relay", 4), ("relay", 5):
      guard let count = UInt64(words[3]) else { break }
      let extra = words.count == 5
      return bare_relay(
        broker, words[1], words[2], count, Self.window, extra ? words[4] : "",
        extra ? Load.statusBytes : 0)
    case ("declare", 2):
      return bare_declare(broker, words[1])
    default: break
    }
    throw ValidationError("relay fill|relay|declare ...")
  }
}
