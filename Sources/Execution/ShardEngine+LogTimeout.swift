import DequeModule
package import Messages
import Templates

// A delivery that nobody answers is published again, and in the end given up.
extension ShardEngine {
  /// In nanoseconds.
  var logTimeout: Int64 { settings.logTimeoutSeconds * 1_000_000_000 }

  /// Moves the cursor on as far as the time allows.
  func watchLogs() {
    guard isRecovered, !isDraining else { return }
    while events.count < EngineLimits.activeEvents,
      let entry = logWatch.popDue(at: now.wall, timeout: logTimeout)
    {
      guard lookup.isNewest(entry.lsn, of: entry.key) else { continue }
      logWatch.handOut(entry)
      give(.logTimeout(lsn: entry.lsn), to: entry.key, lsn: entry.lsn)
    }
    if logWatch.underWay.count >= EngineLimits.logTimeoutsAtOnce {
      _ = logWatch.position { lookup.isNewest($0, of: $1) }
    }
    output.watchRead = logWatch.wantsRead(
      durable: durableLSN, now: now.wall, timeout: logTimeout)
  }

  /// One record of an event that a read for the log timeouts has brought back, in LSN order.
  /// `status` is the number in its header.
  package func watchRecord(lsn: UInt64, key: EventKey, status: UInt8, recordedAt: Timestamp) {
    guard status == Status.pendingDelivery.rawValue, lookup.isNewest(lsn, of: key) else { return }
    logWatch.add(LogWatch.Entry(lsn: lsn, key: key, recordedAt: recordedAt))
  }

  /// Such a read is done: every record below `next` has been given, the last one made at `time`.
  package func watchRead(below next: UInt64, until time: Timestamp?) {
    logWatch.didRead(below: next, until: time)
  }

  /// No log has come since the record with this LSN, if that is still the event's newest.
  func handleLogTimeout(_ event: Int32, lsn: UInt64) {
    let state = events[event].state
    guard state.status == .pendingDelivery, events[event].lastLSN == lsn,
      events[event].phase == .ready
    else { return }
    // It is being published again already, when its own time comes.
    if !state.dueAt.isNone { return republish(event, for: .logTimeout(lsn: lsn)) }
    counters.logTimeouts += 1
    guard Int(state.logTimeouts) < settings.logTimeoutRetries else {
      return conclude(
        event, as: .expired,
        reason: TransitionReason(
          .logTimeout, "no delivery log came, after \(state.logTimeouts + 1) publishes"))
    }
    // Handing it to the broker may take its time from now on.
    events[event].state.startedAt = now.wall
    events[event].state.errorCount = 0
    republish(event, for: .logTimeout(lsn: lsn))
  }

  /// Publishes the delivery of a `pending-delivery` event once more: same id, same content.
  func republish(_ event: Int32, for input: EventInput) {
    let state = events[event].state
    if !state.expiration.isNone, state.expiration <= now.wall {
      return conclude(
        event, as: .expired, reason: TransitionReason(.expired, "its expiration has passed"))
    }
    guard state.dueAt <= now.wall else { return addTimer(event) }
    guard needsBody(event, for: input) else { return }
    let version = events[event].facts.string(.templateVersion)
    guard let template = catalog.template(version: version) ?? pinned[version] else {
      return retryLater(
        event,
        TransitionReason(
          .templateVersionMissing, "template version \(version) is not in the store"))
    }
    var isRendered = false
    let isValid = withStoredFields(event) { fields in
      isRendered = (try? render(event, fields, template)) != nil
    }
    guard isValid, isRendered else {
      // It was rendered from the same bytes before: only a program with other rules comes here.
      return conclude(event, as: .expired, reason: Self.noLongerValid)
    }
    queueDelivery(event)
  }

  /// The broker has the delivery once more: the log's time begins again.
  func republishConfirmed(_ event: Int32) {
    events[event].state.dueAt = .none
    events[event].state.errorCount = 0
    events[event].state.logTimeouts &+= 1
    append(
      .republished, event,
      reason: TransitionReason(.logTimeout, "no delivery log came; published again"))
    awaitDurable(event, then: .settle)
  }
}
