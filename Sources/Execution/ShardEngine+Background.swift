import DequeModule
import Messages

// What is driven on without a message: each source in its turn, all of them in a bounded share of
// the working set and of a turn's work.
extension ShardEngine {
  /// True when more could be begun now, but for the work of this turn.
  func runBackground() -> Bool {
    resumePostponed(.background)
    guard !isDraining else { return false }
    var idleSources = 0
    while idleSources < BackgroundWork.Source.allCases.count {
      guard background.hasRoom, reads.hasRoom(.background),
        events.count < EngineLimits.activeInBackground,
        held.mayTakeInBackground
      else { return false }
      guard !work.isSpent(.background) else { return true }
      work.share = .background
      work.spend(WorkCost.look)
      idleSources = begin(background.takeTurn()) ? 0 : idleSources + 1
    }
    return false
  }

  /// Begins the next piece of work of a source; false when nothing of it is due.
  private func begin(_ source: BackgroundWork.Source) -> Bool {
    switch source {
    case .recovery: return resumeRecovered()
    case .recalled: return begin(.due, stalledQueues.nextRecalled())
    case .timers: return begin(.due, wakeUps.popMoment(at: now.wall))
    case .retries:
      guard let retry = wakeUps.popDuration(at: now.monotonic) else { return false }
      if !waitsForTurn(retry) { begin(.retry(lsn: retry.lsn), retry.key, lsn: retry.lsn) }
    case .heldBack: return beginHeldBack()
    case .logTimeouts: return beginLogTimeout()
    case .paced: return releasePaced()
    case .fallbacks:
      guard let fallback = background.nextFallback() else { return false }
      begin(.due, fallback.key, lsn: fallback.lsn)
    case .redrives:
      guard let redrive = background.nextRedrive() else { return false }
      begin(redrive)
    }
    return true
  }

  /// Puts an event over which the broker closes the connection behind the others of its kind.
  private func waitsForTurn(_ retry: RetryQueue.Retry) -> Bool {
    guard let queue = deliveryQueues.index(blaming: retry.key) else { return false }
    deliveryQueues[queue].culprits.wait(retry.key, lsn: retry.lsn)
    return true
  }

  /// The next probe of a queue that does not answer, or the next event that goes alone.
  private func beginHeldBack() -> Bool {
    if !stalledQueues.isEmpty,
      begin(.due, stalledQueues.popDue(at: now, window))
    {
      return true
    }
    for queue in deliveryQueues.indices {
      if begin(.due, deliveryQueues[queue].nextBehindSearch(at: now.wall)) { return true }
      let next = deliveryQueues[queue].culprits.popDue(at: now.monotonic) { lsn, key in
        eventSlots[key] != nil || lookup.isNewest(lsn, of: key)
      }
      guard let next else { continue }
      begin(.retry(lsn: next.lsn), next.key, lsn: next.lsn)
      return true
    }
    return false
  }

  private func begin(_ input: EventInput, _ timer: TimerQueue.Timer?) -> Bool {
    guard let timer else { return false }
    begin(input, timer.key, lsn: timer.lsn)
    return true
  }

  /// Gives an input to an event, unless another transition has come since the record with this
  /// LSN: that one has set its own timer if it needs one.
  func begin(_ input: EventInput, _ key: EventKey, lsn: UInt64) {
    if let event = eventSlots[key] { return give(input, to: event) }
    guard lookup.isNewest(lsn, of: key) else { return }
    let event = insertEvent(ActiveEvent(key: key, loadingFor: input))
    moveToBackground(event)
    read(.record(lsn: lsn), for: event)
  }

  func moveToBackground(_ event: Int32) {
    guard !events[event].isBackground else { return }
    events[event].isBackground = true
    background.began()
  }

  /// A message has come that waits for the event.
  func moveToForeground(_ event: Int32) {
    guard events[event].isBackground else { return }
    events[event].isBackground = false
    background.ended()
  }
}
