internal import EventLog
internal import Execution
internal import LogSequence
internal import Messages

/// The counters of a process's shards in the text format of Prometheus. All samples of a metric
/// stand together, as the format wants it.
struct MetricsText {
  private let shards: [(label: String, status: ShardStatus)]
  private let others: [(shard: ShardNumber, isUnowned: Bool)]
  private var lines: [String] = []

  /// - Parameter others: the shards of other processes.
  static func text(
    _ shards: [(ShardNumber, ShardStatus)], others: [(shard: ShardNumber, isUnowned: Bool)] = []
  ) -> String {
    var text = MetricsText(shards, others)
    text.addCounters()
    text.addGauges()
    text.addSyncTimes()
    text.addTotals()
    text.addLinks()
    return text.lines.joined(separator: "\n") + "\n"
  }

  private init(
    _ shards: [(ShardNumber, ShardStatus)], _ others: [(shard: ShardNumber, isUnowned: Bool)]
  ) {
    self.shards = shards.map { ("shard=\"\($0)\"", $1) }
    self.others = others
  }

  private mutating func add(
    _ name: String, _ type: String, _ help: String, _ value: (ShardStatus) -> Int
  ) {
    lines += ["# HELP meddela_\(name) \(help)", "# TYPE meddela_\(name) \(type)"]
    for (label, status) in shards { lines.append("meddela_\(name){\(label)} \(value(status))") }
  }

  private mutating func counter(
    _ name: String, _ value: KeyPath<EngineCounters, Int>, _ help: String
  ) {
    add(name, "counter", help) { $0.counters[keyPath: value] }
  }

  private mutating func gauge(
    _ name: String, _ help: String, _ value: (ShardStatus) -> Int
  ) {
    add(name, "gauge", help, value)
  }

  private mutating func addCounters() {
    counter("messages_total", \.messages, "Messages taken from the three queues.")
    counter("settled_total", \.settled, "Messages acknowledged.")
    counter("events_accepted_total", \.accepted, "New events.")
    counter("events_duplicate_total", \.duplicates, "Events that came again.")
    counter(
      "other_message_ids_total", \.otherMessageIDs,
      "Events whose message_id was not their id.")
    counter("parked_total", \.parked, "Messages and elements parked.")
    counter("deliveries_published_total", \.deliveriesPublished, "Deliveries published.")
    counter("deliveries_confirmed_total", \.deliveriesConfirmed, "Deliveries confirmed.")
    counter("deliveries_refused_total", \.deliveriesRefused, "Deliveries nacked.")
    counter("deliveries_returned_total", \.deliveriesReturned, "Deliveries unroutable.")
    counter(
      "deliveries_unconfirmed_total", \.deliveriesUnconfirmedInTime,
      "Deliveries that the broker did not confirm in time.")
    counter("retries_total", \.retries, "Deliveries put off.")
    counter("events_expired_total", \.expired, "Events that expired.")
    counter("events_not_covered_total", \.notCovered, "Events without a template.")
    counter("logs_applied_total", \.logsApplied, "Delivery logs that moved an event.")
    counter("logs_evidence_total", \.logsKeptAsEvidence, "Delivery logs kept only.")
    counter("logs_repeated_total", \.logsRepeated, "Delivery logs that came again.")
    counter("logs_refused_total", \.logsRefused, "Delivery logs of an illegal move.")
    counter("status_published_total", \.statusPublished, "Status updates published.")
    counter("status_confirmed_total", \.statusConfirmed, "Status updates confirmed.")
    counter("status_refused_total", \.statusRefused, "Status updates nacked.")
    counter("receipts_total", \.receipts, "Receipts.")
    counter(
      "receipts_given_up_total", \.receiptsGivenUp, "Receipts that the broker did not take.")
    counter(
      "parked_by_broker_total", \.parkedByBroker,
      "Messages that the broker dead-letters, since no record can hold them.")
    counter("log_timeouts_total", \.logTimeouts, "Deliveries without a log in time.")
    counter("carried_total", \.carried, "Open events written again for retention.")
    counter("recycled_total", \.recycled, "Failed deliveries tried on a fallback channel.")
    counter("redriven_total", \.redriven, "Events that a person asked for again.")
    counter("cancelled_total", \.cancelled, "Events that were cancelled.")
    counter(
      "cancels_remembered_total", \.cancelsRemembered,
      "Cancels that came before their events.")
    counter("cancels_repeated_total", \.cancelsRepeated, "Cancels that came again.")
    counter(
      "cancels_too_late_total", \.cancelsTooLate,
      "Cancels of what was out already, or final.")
    counter("isolated_total", \.isolated, "Often delivered messages, processed alone.")
  }

  private mutating func addGauges() {
    gauge("stuck_events", "Published again for want of a log, still none.") { $0.totals.stuck }
    gauge("paced_events", "Batch events that wait for their lane's rate.") { $0.pacedEvents }
    gauge("store_short_of_space", "No room for another segment.") { $0.isShortOfSpace ? 1 : 0 }
    gauge("store_segments_to_index", "Nothing new is taken at 8.") { $0.segmentsToIndex }
    gauge("store_damaged", "Damage found in stored data.") { $0.damage == nil ? 0 : 1 }
    gauge("reconciliation_mismatches", "What does not add up: see the log.") { $0.mismatches }
    gauge(
      "parked_waiting", "Parked copies that the broker has not taken yet: they wait in the store."
    ) { $0.parkedCopiesWaiting }
    gauge(
      "shard_unowned",
      "This process has not the lease of its shard; of another process's: nobody consumes for it."
    ) { $0.ownership == nil ? 0 : 1 }
    for (shard, isUnowned) in others {
      lines.append("meddela_shard_unowned{shard=\"\(shard)\"} \(isUnowned ? 1 : 0)")
    }
    gauge("active_events", "Events that are being worked on.") { $0.activeEvents }
    gauge("waiting_events", "Pending events that wait for their time.") { $0.waitingTimers }
    gauge("outbox_backlog", "Status updates in memory, unconfirmed.") { $0.outboxBacklog }
    gauge("events_to_recover", "Events open at the last stop.") { $0.eventsToRecover }
    gauge("log_buffered_bytes", "Bytes appended, not yet durable.") { $0.bufferedLogBytes }
    gauge("indexed_events", "Events in the index.") { $0.indexedEvents }
    gauge("index_bytes", "Bytes of the index in memory.") { $0.indexBytes }
    gauge("log_next_lsn", "LSN of the next record.") { Int($0.nextLSN.rawValue) }
    gauge("log_durable_lsn", "LSN of the newest durable record.") { Int($0.durableLSN.rawValue) }
    gauge("ready", "Whether all connections are up and consume.") { $0.isReady ? 1 : 0 }
  }

  /// A histogram.
  private mutating func addSyncTimes() {
    let name = "meddela_store_commit_seconds"
    lines += [
      "# HELP \(name) How long frames took until they were durable.", "# TYPE \(name) histogram",
    ]
    let ends = SyncTimes.classSeconds.map { "\($0)" } + ["+Inf"]
    for (label, status) in shards {
      let times = status.syncTimes
      var count = 0
      for (end, frames) in zip(ends, times.counts) {
        count += frames
        lines.append("\(name)_bucket{\(label),le=\"\(end)\"} \(count)")
      }
      lines.append("\(name)_sum{\(label)} \(times.seconds)")
      lines.append("\(name)_count{\(label)} \(count)")
    }
  }

  /// Per lane: what came in is what is open and what is final.
  private mutating func addTotals() {
    lines += [
      "# HELP meddela_lane_events Events by their present status.",
      "# TYPE meddela_lane_events gauge",
    ]
    for (label, shard) in shards {
      for lane in Lane.allCases {
        for status in Status.allCases {
          lines.append(
            "meddela_lane_events{\(label),lane=\"\(lane.name)\",status=\"\(status.wireName)\"} "
              + "\(shard.totals[lane][status])")
        }
      }
    }
    lines += [
      "# HELP meddela_lane_accepted_total Events accepted in the life of the store.",
      "# TYPE meddela_lane_accepted_total counter",
    ]
    for (label, shard) in shards {
      for lane in Lane.allCases {
        lines.append(
          "meddela_lane_accepted_total{\(label),lane=\"\(lane.name)\"} "
            + "\(shard.totals[lane].accepted)")
      }
    }
  }

  private mutating func addLinks() {
    for (label, shard) in shards {
      for link in shard.links {
        lines.append("meddela_link_ready{\(label),link=\"\(link.name)\"} \(link.isReady ? 1 : 0)")
      }
    }
  }
}
