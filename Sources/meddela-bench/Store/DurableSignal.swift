internal import EventLog
internal import Glibc
internal import LogSequence

/// Waits on one thread for what the event log says on others.
final class DurableSignal: @unchecked Sendable {
  // Sendable because the variables are only touched with the mutex held, and the two objects never
  // move.
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private var durable: LSN
  private var answers = 0
  private var failure: EventLogError?
  /// Records of each frame, in order.
  private var frames: [Int] = []
  private let keepsFrames: Bool

  /// `keepsFrames`: remembers each frame, as a pass that is repeated elsewhere wants it.
  init(durable: LSN, keepsFrames: Bool = true) {
    self.durable = durable
    self.keepsFrames = keepsFrames
    mutex.initialize(to: pthread_mutex_t())
    pthread_mutex_init(mutex, nil)
    condition.initialize(to: pthread_cond_t())
    pthread_cond_init(condition, nil)
  }

  deinit {
    pthread_mutex_destroy(mutex)
    pthread_cond_destroy(condition)
    mutex.deallocate()
    condition.deallocate()
  }

  var callbacks: EventLogCallbacks {
    EventLogCallbacks(
      onDurable: { [self] lsn in
        change {
          if keepsFrames { frames.append(durable.distance(to: lsn)) }
          durable = lsn
        }
      },
      onRead: { [self] batch in change { answers += batch.count } },
      onFailure: { [self] error in change { failure = error } })
  }

  /// Starts counting frames and answers again, behind `lsn`.
  func reset(durable lsn: LSN) {
    change {
      durable = lsn
      frames = []
      answers = 0
    }
  }

  func waitDurable(_ lsn: LSN) throws { try wait { durable >= lsn } }
  func waitAnswers(_ count: Int) throws { try wait { answers >= count } }

  var frameCounts: [Int] {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return frames
  }

  private func change(_ body: () -> Void) {
    pthread_mutex_lock(mutex)
    body()
    pthread_cond_broadcast(condition)
    pthread_mutex_unlock(mutex)
  }

  private func wait(_ isTrue: () -> Bool) throws {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    while !isTrue() {
      if let failure { throw failure }
      pthread_cond_wait(condition, mutex)
    }
  }
}
