/// Ingest and status, with and without a subscriber, beside the relays, round by round.
struct Throughput {
  let bench: Bench
  let rounds: Int
  let count: Int
  private(set) var measurements: [Measurement]

  init(_ bench: Bench, rounds: Int, count: Int) {
    self.bench = bench
    self.rounds = rounds
    self.count = count
    measurements = ["ingest", "status", "ingest, subscribed", "status, subscribed"].map { name in
      let hasGoal = !name.contains("subscribed")
      return Measurement(
        name: name, goalRatio: hasGoal ? 0.7 : nil, goalCPUMicroseconds: hasGoal ? 20 : nil,
        count: count)
    }
  }

  /// The programs take turns, and who begins changes with the round.
  mutating func run() async throws {
    for round in 0..<rounds {
      for isSubscribed in [false, true] {
        let first = 1 + (round * 2 + (isSubscribed ? 1 : 0)) * count
        for isStatus in [false, true] {
          let index = (isSubscribed ? 2 : 0) + (isStatus ? 1 : 0)
          try await measure(index, isStatus, isSubscribed, first, relaysFirst: round % 2 == 0)
        }
      }
      report(round)
    }
  }

  private mutating func measure(
    _ index: Int, _ isStatus: Bool, _ isSubscribed: Bool, _ first: Int, relaysFirst: Bool
  ) async throws {
    if relaysFirst { try await relays(index, isStatus, first) }
    if isSubscribed { try await bench.bindSubscriber(true) }
    if isStatus {
      try bench.fillLogs(first: first, count: count)
    } else {
      try bench.fillEvents(first: first, count: count)
    }
    let pass = try ServiceMeasurement.run(measurements[index].name, count: count, bench)
    measurements[index].service.append(pass)
    if isSubscribed { try await bench.bindSubscriber(false) }
    try await bench.purge()
    if !relaysFirst { try await relays(index, isStatus, first) }
  }

  /// Both relays over bodies of the same shape as the service's.
  private mutating func relays(_ index: Int, _ isStatus: Bool, _ first: Int) async throws {
    for extra in [nil, Bench.void] {
      try RelayProcess.run(
        .fill(
          exchange: "", key: Bench.source, first: first,
          body: isStatus ? Load.deliveryLog : Load.event, idFormat: Load.eventIDFormat),
        count: count, bench)
      let result = try RelayProcess.run(
        .relay(from: Bench.source, to: Bench.target, extraExchange: extra), count: count, bench)
      let pass = Pass(seconds: result.seconds, cpuSeconds: result.cpuSeconds)
      if extra == nil {
        measurements[index].relay.append(pass)
      } else {
        measurements[index].relayWithMessage.append(pass)
      }
      try await bench.purge()
    }
  }

  private func report(_ round: Int) {
    let rates = measurements.map { measurement in
      "\(measurement.name) \(Int(Double(count) / (measurement.service.last?.seconds ?? 1)))/s"
    }
    writeError("round \(round + 1) of \(rounds): \(rates.joined(separator: ", "))\n")
  }
}
