internal import Execution
internal import Logging

/// Whether the shard consumes, and why not.
struct ConsumingState {
  var isConsuming = false
  /// When publishing was last possible, monotonic. Zero: not yet.
  var mayPublishAt: MonotonicTime = .start
  /// Whether what could not be acknowledged in this pause was given back.
  var hasReleased = false
}

// All consumers of a shard stop and start together: while a message is processed alone, and while
// the broker takes nothing from us. What is durable is acknowledged meanwhile (the engine sees to
// that after five minutes), and nothing stays unacknowledged beyond ten.
extension ShardRunner {
  func balanceConsuming(at now: MonotonicTime) {
    guard phase == .running else { return }
    balancePrefetch()
    if links.mayPublish || consuming.mayPublishAt == .start {
      consuming.mayPublishAt = now
      consuming.hasReleased = false
    }
    let pause = now - consuming.mayPublishAt
    let wanted = !engine.isIsolating && pause < UnacknowledgedTimes.consumingStops
    if wanted != consuming.isConsuming {
      consuming.isConsuming = wanted
      if wanted {
        logger.info("Consuming again")
      } else {
        logger.info(
          "Not consuming for a while",
          metadata: [
            LogKey.reason: engine.isIsolating
              ? "a message that was delivered often is processed alone"
              : "the broker takes no messages"
          ])
      }
      wanted ? links.startConsuming() : links.stopConsuming()
    }
    if pause > UnacknowledgedTimes.givenBack, !consuming.hasReleased, engine.openMessages > 0 {
      consuming.hasReleased = true
      links.releaseUnsettled()
    }
  }

  /// Says once of each thing that does not add up.
  func logMismatches() {
    for mismatch in engine.mismatches.dropFirst(loggedMismatches) {
      logger.error("The events do not add up", metadata: [LogKey.error: "\(mismatch)"])
    }
    loggedMismatches = engine.mismatches.count
  }

  /// Says that receipts were given up, and why the last of them was.
  func logReceiptLosses() {
    let count = engine.counters.receiptsGivenUp
    guard count > loggedReceiptLosses else { return }
    loggedReceiptLosses = count
    warn("Receipts are given up", "\(engine.lastReceiptLoss)", key: LogKey.reason)
  }

  /// Says once that producers' libraries set message ids of their own.
  func logOtherMessageIDs() {
    guard engine.counters.otherMessageIDs > 0, !hasSaidOtherMessageIDs else { return }
    hasSaidOtherMessageIDs = true
    logger.notice(
      """
      Events come with a message_id that is not their id: the id in the body counts, as long as \
      there is one shard
      """
    )
  }
}
