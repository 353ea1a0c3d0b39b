internal import Glibc

/// N preloaded messages through the service.
///
/// The clock starts when the service logs that it begins to consume, before its consumers connect
/// (the relay's: when its consumer is there). It stops at the last moment at which the service
/// used CPU before its metrics said that all N are acknowledged, as many status updates confirmed,
/// none is waiting, and every record is synced. The metrics are asked for only when the service
/// has been quiet: they are renewed every 50 ms, and answering costs CPU. What `CPU` means is
/// user and system time of the whole process between the same two moments.
enum ServiceMeasurement {
  static func run(_ name: String, count: Int, _ bench: Bench) throws -> Pass {
    let log = LogTail(bench.workspace.serviceLog)
    let service = try ServiceProcess(bench)
    try log.wait(for: "Consuming", service)
    let activity = Activity(service)
    let reading = try activity.followUntilQuiet(name) { reading in
      reading["settled_total"] >= count && reading["status_confirmed_total"] >= count
        && reading.isOutboxEmpty && reading.isDurable
    }
    try check(name, reading, count)
    try service.stop()
    return activity.pass
  }

  /// Fast for a wrong reason is not fast.
  private static func check(_ name: String, _ reading: Metrics, _ count: Int) throws {
    let wanted = name.hasPrefix("ingest") ? "deliveries_confirmed_total" : "logs_applied_total"
    let wrong = ["parked_total", "events_duplicate_total", "events_not_covered_total"]
    guard reading[wanted] == count, wrong.allSatisfy({ reading[$0] == 0 }) else {
      let seen = ([wanted] + wrong).map { "\($0) \(reading[$0])" }.joined(separator: ", ")
      throw BenchFailure("\(name) did not do its work: \(seen)")
    }
  }
}

extension Duration {
  var inSeconds: Double {
    Double(components.seconds) + Double(components.attoseconds) / 1e18
  }
}
