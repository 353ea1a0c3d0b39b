/// CBareRelay, in a process of its own: this program again, with the hidden subcommand `relay`.
enum RelayProcess {
  enum Work {
    case fill(exchange: String, key: String, first: Int, body: String, idFormat: String)
    case relay(from: String, to: String, extraExchange: String?)
    case declare(queue: String)
  }

  /// What it did between its consume and its last acknowledgement.
  struct Result {
    var seconds: Double
    var cpuSeconds: Double
    /// The whole process, connecting included, by wait4.
    var processCPUSeconds: Double
  }

  @discardableResult
  static func run(_ work: Work, count: Int, _ bench: Bench) throws -> Result {
    var words = ["\(programFolder())/meddela-bench", "relay"]
    switch work {
    case .fill(let exchange, let key, let first, let body, let idFormat):
      words += ["fill", exchange, key, "\(count)", "\(first)", body, idFormat]
    case .relay(let from, let to, let extra):
      words += ["relay", from, to, "\(count)"] + (extra.map { [$0] } ?? [])
    case .declare(let queue):
      words += ["declare", queue]
    }
    let child = try ChildProcess(
      words, environment: [RelayCommand.brokerVariable: bench.broker.url],
      errorPath: bench.workspace.relayLog)
    let numbers = child.readOutput().split(whereSeparator: { " \n".contains($0) })
      .compactMap { Double($0) }
    let exit = child.wait()
    guard exit.isSuccess, numbers.count == 2 else {
      throw BenchFailure("the bare relay failed: \(bench.workspace.relayLog)")
    }
    return Result(
      seconds: numbers[0], cpuSeconds: numbers[1], processCPUSeconds: exit.cpuSeconds)
  }
}
