internal import EventLog
internal import Execution
internal import LogSequence
internal import Messages

/// The shard's counters in the text format of Prometheus.
enum MetricsText {
  private static let shard = "shard=\"\(ShardNumber.only)\""

  static func text(_ status: ShardStatus) -> String {
    var lines = counters(status.counters) + gauges(status)
    lines += syncTimes(status.syncTimes)
    lines += totals(status.totals)
    for link in status.links {
      lines.append("meddela_link_ready{\(shard),link=\"\(link.name)\"} \(link.isReady ? 1 : 0)")
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func metric(
    _ name: String, _ type: String, _ value: Int, _ help: String
  ) -> [String] {
    [
      "# HELP meddela_\(name) \(help)", "# TYPE meddela_\(name) \(type)",
      "meddela_\(name){\(shard)} \(value)",
    ]
  }

  private static func counters(_ counters: EngineCounters) -> [String] {
    var lines: [String] = []
    func counter(_ name: String, _ value: Int, _ help: String) {
      lines += metric(name, "counter", value, help)
    }
    counter("messages_total", counters.messages, "Messages taken from the three queues.")
    counter("settled_total", counters.settled, "Messages acknowledged.")
    counter("events_accepted_total", counters.accepted, "New events.")
    counter("events_duplicate_total", counters.duplicates, "Events that came again.")
    counter(
      "other_message_ids_total", counters.otherMessageIDs,
      "Events whose message_id was not their id.")
    counter("parked_total", counters.parked, "Messages and elements parked.")
    counter("deliveries_published_total", counters.deliveriesPublished, "Deliveries published.")
    counter("deliveries_confirmed_total", counters.deliveriesConfirmed, "Deliveries confirmed.")
    counter("deliveries_refused_total", counters.deliveriesRefused, "Deliveries nacked.")
    counter("deliveries_returned_total", counters.deliveriesReturned, "Deliveries unroutable.")
    counter(
      "deliveries_unconfirmed_total", counters.deliveriesUnconfirmedInTime,
      "Deliveries that the broker did not confirm in time.")
    counter("retries_total", counters.retries, "Deliveries put off.")
    counter("events_expired_total", counters.expired, "Events that expired.")
    counter("events_not_covered_total", counters.notCovered, "Events without a template.")
    counter("logs_applied_total", counters.logsApplied, "Delivery logs that moved an event.")
    counter("logs_evidence_total", counters.logsKeptAsEvidence, "Delivery logs kept only.")
    counter("logs_repeated_total", counters.logsRepeated, "Delivery logs that came again.")
    counter("logs_refused_total", counters.logsRefused, "Delivery logs of an illegal move.")
    counter("status_published_total", counters.statusPublished, "Status updates published.")
    counter("status_confirmed_total", counters.statusConfirmed, "Status updates confirmed.")
    counter("status_refused_total", counters.statusRefused, "Status updates nacked.")
    counter("receipts_total", counters.receipts, "Receipts.")
    counter(
      "receipts_given_up_total", counters.receiptsGivenUp, "Receipts that the broker did not take.")
    counter(
      "parked_by_broker_total", counters.parkedByBroker,
      "Messages that the broker dead-letters, since no record can hold them.")
    counter("log_timeouts_total", counters.logTimeouts, "Deliveries without a log in time.")
    counter("carried_total", counters.carried, "Open events written again for retention.")
    counter("recycled_total", counters.recycled, "Failed deliveries tried on a fallback channel.")
    counter("redriven_total", counters.redriven, "Events that a person asked for again.")
    counter("cancelled_total", counters.cancelled, "Events that were cancelled.")
    counter(
      "cancels_remembered_total", counters.cancelsRemembered,
      "Cancels that came before their events.")
    counter("cancels_repeated_total", counters.cancelsRepeated, "Cancels that came again.")
    counter(
      "cancels_too_late_total", counters.cancelsTooLate,
      "Cancels of what was out already, or final.")
    counter("isolated_total", counters.isolated, "Often delivered messages, processed alone.")
    return lines
  }

  private static func gauges(_ status: ShardStatus) -> [String] {
    var lines: [String] = []
    func gauge(_ name: String, _ value: Int, _ help: String) {
      lines += metric(name, "gauge", value, help)
    }
    gauge("stuck_events", status.totals.stuck, "Published again for want of a log, still none.")
    gauge("paced_events", status.pacedEvents, "Batch events that wait for their lane's rate.")
    gauge("store_short_of_space", status.isShortOfSpace ? 1 : 0, "No room for another segment.")
    gauge("store_segments_to_index", status.segmentsToIndex, "Nothing new is taken at 8.")
    gauge("store_damaged", status.damage == nil ? 0 : 1, "Damage found in stored data.")
    gauge("reconciliation_mismatches", status.mismatches, "What does not add up: see the log.")
    gauge(
      "parked_waiting", status.parkedCopiesWaiting,
      "Parked copies that the broker has not taken yet: they wait in the store.")
    gauge(
      "shard_unowned", status.ownership == nil ? 0 : 1,
      "This process waits for the shard's lease, or has lost it.")
    gauge("active_events", status.activeEvents, "Events that are being worked on.")
    gauge("waiting_events", status.waitingTimers, "Pending events that wait for their time.")
    gauge("outbox_backlog", status.outboxBacklog, "Status updates in memory, unconfirmed.")
    gauge("events_to_recover", status.eventsToRecover, "Events open at the last stop.")
    gauge("log_buffered_bytes", status.bufferedLogBytes, "Bytes appended, not yet durable.")
    gauge("indexed_events", status.indexedEvents, "Events in the index.")
    gauge("index_bytes", status.indexBytes, "Bytes of the index in memory.")
    gauge("log_next_lsn", Int(status.nextLSN.rawValue), "LSN of the next record.")
    gauge("log_durable_lsn", Int(status.durableLSN.rawValue), "LSN of the newest durable record.")
    gauge("ready", status.isReady ? 1 : 0, "Whether all connections are up and consume.")
    return lines
  }

  /// A histogram.
  private static func syncTimes(_ times: SyncTimes) -> [String] {
    let name = "meddela_store_commit_seconds"
    var lines = [
      "# HELP \(name) How long frames took until they were durable.", "# TYPE \(name) histogram",
    ]
    var count = 0
    let ends = SyncTimes.classSeconds.map { "\($0)" } + ["+Inf"]
    for (end, frames) in zip(ends, times.counts) {
      count += frames
      lines.append("\(name)_bucket{\(shard),le=\"\(end)\"} \(count)")
    }
    lines.append("\(name)_sum{\(shard)} \(times.seconds)")
    lines.append("\(name)_count{\(shard)} \(count)")
    return lines
  }

  /// Per lane: what came in is what is open and what is final.
  private static func totals(_ totals: ShardTotals) -> [String] {
    var lines = [
      "# HELP meddela_lane_events Events by their present status.",
      "# TYPE meddela_lane_events gauge",
    ]
    for lane in Lane.allCases {
      for status in Status.allCases {
        lines.append(
          "meddela_lane_events{\(shard),lane=\"\(lane.name)\",status=\"\(status.wireName)\"} "
            + "\(totals[lane][status])")
      }
    }
    lines += [
      "# HELP meddela_lane_accepted_total Events accepted in the life of the store.",
      "# TYPE meddela_lane_accepted_total counter",
    ]
    for lane in Lane.allCases {
      lines.append(
        "meddela_lane_accepted_total{\(shard),lane=\"\(lane.name)\"} "
          + "\(totals[lane].accepted)")
    }
    return lines
  }
}
