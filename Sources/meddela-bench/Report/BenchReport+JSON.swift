extension BenchReport {
  /// For programs: one object.
  var json: String {
    Self.object([
      ("rounds", "\(rounds)"), ("messages", "\(count)"),
      ("measurements", Self.array(measurements.map(Self.measurement))),
      ("latency", Self.array(latency.map(Self.latency))),
      ("memory", Self.array(memory.map(Self.memory))),
    ])
  }

  private static func measurement(_ it: Measurement) -> String {
    object([
      ("name", "\"\(it.name)\""), ("perSecond", "\(it.rate)"),
      ("relayPerSecond", "\(it.relayRate)"),
      ("relayWithMessagePerSecond", "\(it.relayWithMessageRate)"),
      ("ratio", "\(it.ratio)"), ("ratioToPlainRelay", "\(it.ratioToPlain)"),
      ("cpuMicroseconds", "\(it.cpuMicroseconds)"),
      ("relayCPUMicroseconds", "\(it.relayCPUMicroseconds)"),
      ("relayWithMessageCPUMicroseconds", "\(it.relayWithMessageCPUMicroseconds)"),
      ("goalRatio", it.goalRatio.map { "\($0)" } ?? "null"),
      ("goalCPUMicroseconds", it.goalCPUMicroseconds.map { "\($0)" } ?? "null"),
      ("meetsGoals", it.meetsGoals.map { "\($0)" } ?? "null"),
      ("passes", passes(it.service)), ("relayPasses", passes(it.relay)),
      ("relayWithMessagePasses", passes(it.relayWithMessage)),
    ])
  }

  private static func passes(_ passes: [Pass]) -> String {
    array(
      passes.map { object([("seconds", "\($0.seconds)"), ("cpuSeconds", "\($0.cpuSeconds)")]) })
  }

  private static func latency(_ it: LatencyProbe.Outcome) -> String {
    object([
      ("name", "\"\(it.name)\""), ("p50Milliseconds", "\(it.p50)"),
      ("p99Milliseconds", "\(it.p99)"), ("p999Milliseconds", "\(it.p999)"),
      ("worstMilliseconds", "\(it.worst)"), ("batchPerSecond", "\(it.batchRate)"),
    ])
  }

  private static func memory(_ it: MemoryProbe.Outcome) -> String {
    object([
      ("events", "\(it.events)"), ("residentBytes", "\(it.residentBytes)"),
      ("indexBytes", "\(it.indexBytes)"),
    ])
  }

  private static func object(_ members: [(String, String)]) -> String {
    "{" + members.map { "\"\($0.0)\":\($0.1)" }.joined(separator: ",") + "}"
  }

  private static func array(_ elements: [String]) -> String {
    "[" + elements.joined(separator: ",") + "]"
  }
}
