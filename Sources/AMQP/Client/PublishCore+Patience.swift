internal import NIOCore

// A batch whose owner does not wait for ever: it fails when the broker refuses what is in it, and
// when the broker is silent for too long.
extension PublishCore {
  /// Looks at the batch again when its patience would be at its end.
  func watch(_ batch: Batch) {
    guard let patience = batch.patience, batch.remaining > 0 else { return }
    let eventLoop = link.eventLoop.assumeIsolated()
    eventLoop.scheduleTask(deadline: batch.heardAt + patience) {
      guard batch.remaining > 0 else { return }
      let bytes = self.link.pendingBytes
      // A large body on a slow line: the broker cannot answer yet.
      if self.link.isReady, bytes > 0, bytes < batch.pendingBytes {
        batch.pendingBytes = bytes
        batch.heardAt = .now()
      }
      guard NIODeadline.now() - batch.heardAt >= patience else { return self.watch(batch) }
      self.fail(batch, self.reasonOfSilence(patience))
    }
  }

  /// The broker has closed the channel over one of these publishes: whoever waits with patience
  /// for some of them is told. The others are published again.
  func fail(_ tokens: [UInt64], _ error: AMQPError) {
    for token in tokens {
      guard let batch = pending[token]?.batch, batch.patience != nil else { continue }
      fail(batch, error)
    }
  }

  private func fail(_ batch: Batch, _ error: AMQPError) {
    guard batch.remaining > 0 else { return }
    batch.remaining = 0
    pending = pending.filter { $0.value.batch !== batch }
    batch.done(.failure(error))
  }

  private func reasonOfSilence(_ patience: TimeAmount) -> AMQPError {
    guard link.isReady else {
      return lastError ?? AMQPError(.connectFailed, "There is no connection to the broker")
    }
    if link.isBlocked {
      return AMQPError(
        .publishersBlocked, "The broker takes no publishes at present",
        advice: "it is short of memory or of disk space: look at its alarms")
    }
    return AMQPError(
      .callTimeout,
      "The broker has confirmed nothing for \(Double(patience.nanoseconds) / 1e9) s",
      advice: "look whether the queues behind the exchange have a leader and take messages")
  }
}

extension AMQPError {
  /// Whether the broker has closed the channel over a publish, so that the same publish again
  /// would meet the same answer.
  var refusesPublishing: Bool {
    switch code {
    case .notFound, .accessRefused, .preconditionFailed, .messageTooLarge, .contentTooLarge: true
    default: false
    }
  }
}
