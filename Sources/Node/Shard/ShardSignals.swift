internal import EventLog
internal import NIOCore

/// Leads what the event log's threads report to the shard on its event loop.
struct ShardSignals: Sendable {
  let eventLoop: any EventLoop
  /// Filled on the loop once the shard runs. Nothing is reported before: nothing is appended.
  let runner: NIOLoopBoundBox<ShardRunner?>
  /// Filled on the loop from the start to the end.
  let life: NIOLoopBoundBox<ShardLife?>

  init(eventLoop: any EventLoop) {
    self.eventLoop = eventLoop
    runner = .makeEmptyBox(eventLoop: eventLoop)
    life = .makeEmptyBox(eventLoop: eventLoop)
  }

  var callbacks: EventLogCallbacks {
    EventLogCallbacks(
      onDurable: { lsn in
        eventLoop.execute { runner.value?.logIsDurable(upTo: lsn) }
      },
      onRead: { answers in
        eventLoop.execute { runner.value?.logHasRead(answers) }
      },
      onFailure: { error in
        eventLoop.execute { runner.value?.fail(NodeError(error)) }
      },
      onSpace: { error in
        eventLoop.execute { runner.value?.spaceChanged(error) }
      },
      onCarry: { requests in
        eventLoop.execute { runner.value?.carry(requests) }
      },
      onDamage: { damage in
        eventLoop.execute { runner.value?.met(damage) }
      },
      onClock: { notice in
        eventLoop.execute { runner.value?.heard(of: notice) }
      })
  }
}
