import DequeModule
package import Messages
import Templates

// A delivery that nobody answers is published again, and in the end given up.
extension ShardEngine {
  /// In nanoseconds.
  var logTimeout: Int64 { settings.logTimeoutSeconds * 1_000_000_000 }

  /// Whether delivery logs come if there are any.
  package func consumesDeliveryLogs(_ isConsuming: Bool, at instant: Instant) {
    advance(to: instant)
    isConsumingLogs = isConsuming
  }

  /// The queue of delivery logs was seen with nothing in it: see `LogTimeoutGate`.
  package func noteDeliveryLogsEmpty() {
    logTimeoutGate.queueIsEmpty()
  }

  /// Whether deliveries without a log may be found, or the queue of logs is still to be emptied.
  package var findsLogTimeouts: Bool { logTimeoutGate.isOpen }

  /// Moves the cursor on as far as the time allows.
  func watchLogs() {
    guard !isDraining else { return }
    let inlet = inlets[Int(Inlet.deliveryLogs.rawValue)]
    logTimeoutGate.advance(
      to: now.monotonic, isConsuming: isConsumingLogs,
      isIdle: inlet.open < 0 && inlet.waiting.isEmpty && !suspects.hasSome(of: .deliveryLogs))
    if logWatch.underWay.count >= EngineLimits.logTimeoutsAtOnce {
      _ = logWatch.position { lookup.isNewest($0, of: $1) }
    }
    output.watchRead = logWatch.wantsRead(
      durable: durableLSN, now: now.wall, timeout: logTimeout)
  }

  /// Takes the next delivery that has had no log for too long; false when there is none.
  func beginLogTimeout() -> Bool {
    guard logTimeoutGate.isOpen, let entry = logWatch.popDue(at: now.wall, timeout: logTimeout)
    else { return false }
    if lookup.isNewest(entry.lsn, of: entry.key) {
      logWatch.handOut(entry)
      begin(.logTimeout(lsn: entry.lsn), entry.key, lsn: entry.lsn)
    }
    return true
  }

  /// One record of an event that a read for the log timeouts has brought back, in LSN order.
  /// `status` is the number in its header.
  package func watchRecord(
    lsn: UInt64, key: EventKey, status: UInt8, recordedAt: Timestamp, at instant: Instant
  ) {
    advance(to: instant)
    guard status == Status.pendingDelivery.rawValue, lookup.isNewest(lsn, of: key) else { return }
    let present = recordedAt.adding(wallClock.shift(since: lsn))
    logWatch.add(LogWatch.Entry(lsn: lsn, key: key, recordedAt: present), at: now.wall)
  }

  /// Such a read is done: every record below `next` has been given, the last one made at `time`.
  package func watchRead(below next: UInt64, until time: Timestamp?, at instant: Instant) {
    advance(to: instant)
    let present = time?.adding(wallClock.shift(since: next - 1))
    logWatch.didRead(below: next, until: present, at: now.wall)
  }

  /// No log has come since the record with this LSN, if that is still the event's newest.
  func handleLogTimeout(_ event: Int32, lsn: UInt64) {
    switch events[event].logTimeout(lsn: lsn, retries: settings.logTimeoutRetries) {
    case .nothing: break
    // That makes a newer record.
    case .forget: logWatch.forget(lsn)
    case .expire:
      counters.logTimeouts += 1
      let publishes = events[event].state.logTimeouts + 1
      conclude(
        event, as: .expired,
        reason: TransitionReason(
          .logTimeout, "no delivery log came, after \(publishes) publishes"))
    case .republish:
      guard needsBody(event, for: .logTimeout(lsn: lsn)) else { return }
      counters.logTimeouts += 1
      republishUnanswered(event, lsn: lsn)
    }
  }

  private func republishUnanswered(_ event: Int32, lsn: UInt64) {
    events[event].state.beginRepublishing(at: now.wall)
    guard takesTurn(events[event].state.lane) else {
      events[event].state.dueAt = now.wall
      append(
        .republished, event,
        reason: TransitionReason(.logTimeout, "no delivery log came; waits for its turn again"))
      waitForTurn(event)
      return awaitDurable(event, then: .settle)
    }
    republish(event, for: .logTimeout(lsn: lsn))
  }

  /// Publishes the delivery of a `pending-delivery` event once more: same id, same content.
  func republish(_ event: Int32, for input: EventInput) {
    if events[event].state.hasExpired(at: now.wall) { return expire(event) }
    guard events[event].state.dueAt <= now.wall else { return addTimer(event) }
    guard needsBody(event, for: input) else { return }
    let version = events[event].facts.string(.templateVersion)
    guard let template = catalog.template(version: version) ?? pinned[version] else {
      return retryLater(
        event,
        TransitionReason(
          .templateVersionMissing, "template version \(version) is not in the store"))
    }
    var delivery: [UInt8]?
    let isValid = withStoredFields(event) { fields in
      delivery = try? render(event, fields, template)
    }
    guard isValid, let delivery else {
      // It was rendered from the same bytes before: only a program with other rules comes here.
      return conclude(event, as: .expired, reason: Self.noLongerValid)
    }
    queueDelivery(event, delivery)
  }
}
