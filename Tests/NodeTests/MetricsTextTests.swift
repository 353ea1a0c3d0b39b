import Execution
import Messages
import Testing

@testable import Node

/// Dashboards and alerts hold these names: one may be added, none may go or mean something else.
@Suite struct MetricsTextTests {
  private static func counter(
    _ name: String, _ path: WritableKeyPath<EngineCounters, Int>
  ) -> (String, WritableKeyPath<ShardStatus, Int>) {
    let counters: WritableKeyPath<ShardStatus, EngineCounters> = \.counters
    return (name + "_total", counters.appending(path: path))
  }

  /// Each metric with the one number that it shows.
  private static var counters: [(String, WritableKeyPath<ShardStatus, Int>)] {
    [
      counter("messages", \.messages), counter("settled", \.settled),
      counter("events_accepted", \.accepted), counter("events_duplicate", \.duplicates),
      counter("other_message_ids", \.otherMessageIDs), counter("parked", \.parked),
      counter("deliveries_published", \.deliveriesPublished),
      counter("deliveries_confirmed", \.deliveriesConfirmed),
      counter("deliveries_refused", \.deliveriesRefused),
      counter("deliveries_returned", \.deliveriesReturned),
      counter("deliveries_unconfirmed", \.deliveriesUnconfirmedInTime),
      counter("retries", \.retries), counter("events_expired", \.expired),
      counter("events_not_covered", \.notCovered), counter("logs_applied", \.logsApplied),
      counter("logs_evidence", \.logsKeptAsEvidence), counter("logs_repeated", \.logsRepeated),
      counter("logs_refused", \.logsRefused), counter("status_published", \.statusPublished),
      counter("status_confirmed", \.statusConfirmed), counter("status_refused", \.statusRefused),
      counter("receipts", \.receipts), counter("receipts_given_up", \.receiptsGivenUp),
      counter("parked_by_broker", \.parkedByBroker), counter("log_timeouts", \.logTimeouts),
      counter("carried", \.carried), counter("recycled", \.recycled),
      counter("redriven", \.redriven), counter("cancelled", \.cancelled),
      counter("cancels_remembered", \.cancelsRemembered),
      counter("cancels_repeated", \.cancelsRepeated), counter("cancels_too_late", \.cancelsTooLate),
      counter("isolated", \.isolated),
    ]
  }

  private static var gauges: [(String, WritableKeyPath<ShardStatus, Int>)] {
    [
      ("stuck_events", \.totals.stuck), ("paced_events", \.pacedEvents),
      ("store_segments_to_index", \.segmentsToIndex),
      ("reconciliation_mismatches", \.mismatches), ("parked_waiting", \.parkedCopiesWaiting),
      ("active_events", \.activeEvents), ("waiting_events", \.waitingTimers),
      ("outbox_backlog", \.outboxBacklog), ("events_to_recover", \.eventsToRecover),
      ("log_buffered_bytes", \.bufferedLogBytes), ("indexed_events", \.indexedEvents),
      ("index_bytes", \.indexBytes),
    ]
  }

  private func lines(_ status: ShardStatus) -> Set<Substring> {
    Set(MetricsText.text([(.first, status)]).split(separator: "\n"))
  }

  @Test func `Every counter and gauge has its name, its type and its own number`() {
    var status = ShardStatus()
    let all =
      Self.counters.map { ($0.0, $0.1, "counter") } + Self.gauges.map { ($0.0, $0.1, "gauge") }
    for (number, metric) in all.enumerated() { status[keyPath: metric.1] = 1_000 + number }
    let text = lines(status)
    for (number, (name, _, type)) in all.enumerated() {
      #expect(text.contains("meddela_\(name){shard=\"00\"} \(1_000 + number)"), "\(name)")
      #expect(text.contains("# TYPE meddela_\(name) \(type)"), "\(name)")
    }
  }

  @Test func `What is true or false is 1 or 0`() {
    var status = ShardStatus()
    func value(_ name: String) -> Int? {
      lines(status).lazy.compactMap { line -> Int? in
        guard line.hasPrefix("meddela_\(name){shard=\"00\"} ") else { return nil }
        return line.split(separator: " ").last.flatMap { Int($0) }
      }.first
    }
    #expect(value("ready") == 0)
    #expect(value("shard_unowned") == 1)
    #expect(value("store_damaged") == 0)
    #expect(value("store_short_of_space") == 0)
    status.phase = .running
    status.ownership = nil
    #expect(value("ready") == 1)
    #expect(value("shard_unowned") == 0)
    status.damage = "segment 1"
    status.isShortOfSpace = true
    #expect(value("store_damaged") == 1)
    #expect(value("store_short_of_space") == 1)
    #expect(value("ready") == 0)
  }

  @Test func `Each status of each lane is a series, and each connection`() {
    var status = ShardStatus()
    for (index, lane) in Lane.allCases.enumerated() {
      status.totals[lane].accepted = 70 + index
      for state in Status.allCases {
        status.totals[lane][state] = 100 * (index + 1) + Int(state.rawValue)
      }
    }
    status.links = [
      LinkStatus(name: "realtime", isReady: true, isBlocked: false),
      LinkStatus(name: "publish sms", isReady: false, isBlocked: true),
    ]
    let text = lines(status)
    for (index, lane) in Lane.allCases.enumerated() {
      let labels = "shard=\"00\",lane=\"\(lane.name)\""
      #expect(text.contains("meddela_lane_accepted_total{\(labels)} \(70 + index)"))
      for state in Status.allCases {
        let value = 100 * (index + 1) + Int(state.rawValue)
        #expect(
          text.contains("meddela_lane_events{\(labels),status=\"\(state.wireName)\"} \(value)"))
      }
    }
    #expect(text.contains("meddela_link_ready{shard=\"00\",link=\"realtime\"} 1"))
    #expect(text.contains("meddela_link_ready{shard=\"00\",link=\"publish sms\"} 0"))
  }

  @Test func `The text is what Prometheus reads: help and type before samples, each name once`() {
    let text = MetricsText.text([(.first, ShardStatus())])
    #expect(text.hasSuffix("\n"))
    var described: Set<Substring> = []
    for line in text.split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
      if line.hasPrefix("# TYPE ") {
        #expect(described.insert(line.split(separator: " ")[2]).inserted, "\(line)")
      } else if !line.hasPrefix("# HELP ") {
        var name = line.prefix { $0 != "{" && $0 != " " }
        for suffix in ["_bucket", "_sum", "_count"] where name.hasSuffix(suffix) {
          if described.contains(name.dropLast(suffix.count)) { name = name.dropLast(suffix.count) }
        }
        #expect(described.contains(name), "\(line)")
        #expect(line.wholeMatch(of: /\w+\{\w+="[^"]*"(,\w+="[^"]*")*\} [0-9.e+-]+/) != nil)
      }
    }
  }

  @Test func `Of several shards a metric's samples stand together, each with its shard`() {
    var other = ShardStatus()
    other.counters.accepted = 7
    let text = MetricsText.text([(.first, ShardStatus()), (ShardNumber(12), other)])
    #expect(
      text.contains(
        """
        # TYPE meddela_events_accepted_total counter
        meddela_events_accepted_total{shard="00"} 0
        meddela_events_accepted_total{shard="12"} 7
        # HELP
        """))
    let names = text.split(separator: "\n").filter { !$0.hasPrefix("#") }.map { line in
      line.prefix { $0 != "{" }
    }
    var ended: Set<Substring> = []
    for (name, next) in zip(names, names.dropFirst()) where name != next {
      // A histogram's three names take turns.
      if name.contains("_commit_seconds") { continue }
      #expect(ended.insert(name).inserted, "\(name) begins a second time")
    }
  }

  @Test func `Ready is a shard that runs, owns its queues, can write, and has all it needs`() {
    var status = ShardStatus()
    status.phase = .running
    status.ownership = nil
    status.links = [LinkStatus(name: "receipts", isReady: false, isBlocked: true, isOptional: true)]
    #expect(status.isReady)
    for change: (inout ShardStatus) -> Void in [
      { $0.phase = .recovering }, { $0.phase = .draining }, { $0.ownership = "asks" },
      { $0.isShortOfSpace = true }, { $0.links[0].isOptional = false },
    ] {
      var other = status
      change(&other)
      #expect(!other.isReady)
    }
  }
}
