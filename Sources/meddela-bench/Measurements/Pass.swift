/// One pass of one program over N messages.
struct Pass {
  var seconds: Double
  var cpuSeconds: Double
}

/// One measurement: the passes of the service and of the two relays, by round.
struct Measurement {
  let name: String
  /// What the ratio to the relay with a message should be at least; nil where nothing is promised.
  let goalRatio: Double?
  /// Microseconds of CPU an event at most.
  let goalCPUMicroseconds: Double?
  let count: Int
  var service: [Pass] = []
  var relay: [Pass] = []
  var relayWithMessage: [Pass] = []

  var rate: Double { Self.median(service.map { Double(count) / $0.seconds }) }
  var relayRate: Double { Self.median(relay.map { Double(count) / $0.seconds }) }
  var relayWithMessageRate: Double {
    Self.median(relayWithMessage.map { Double(count) / $0.seconds })
  }

  /// Of the ratios of each round: what slows one round slows both programs.
  var ratio: Double { Self.median(zip(relayWithMessage, service).map { $0.seconds / $1.seconds }) }
  var ratioToPlain: Double { Self.median(zip(relay, service).map { $0.seconds / $1.seconds }) }

  var cpuMicroseconds: Double { micros(service) }
  var relayCPUMicroseconds: Double { micros(relay) }
  var relayWithMessageCPUMicroseconds: Double { micros(relayWithMessage) }

  private func micros(_ passes: [Pass]) -> Double {
    Self.median(passes.map { $0.cpuSeconds * 1e6 / Double(count) })
  }

  static func median(_ values: [Double]) -> Double {
    percentile(values, 0.5)
  }

  /// Nearest rank; the mean of the middle two for the median of an even number.
  static func percentile(_ values: [Double], _ part: Double) -> Double {
    guard !values.isEmpty else { return 0 }
    let sorted = values.sorted()
    if part == 0.5, sorted.count % 2 == 0 {
      return (sorted[sorted.count / 2 - 1] + sorted[sorted.count / 2]) / 2
    }
    let rank = Int((part * Double(sorted.count)).rounded(.up))
    return sorted[min(max(rank - 1, 0), sorted.count - 1)]
  }
}
