internal import CSystemCalls
internal import Glibc

/// A thread of our own with a big stack: it may block in a system call for as long as the disk
/// likes without holding up anyone's pool.
final class WorkerThread: @unchecked Sendable {
  // Sendable because the handle is written once, before the thread can be joined.
  private let handle: pthread_t

  /// `name`: at most 15 bytes, seen in `top -H`. `inBackground`: stands back behind others.
  init(
    _ name: String, inBackground: Bool = false, _ body: @escaping @Sendable () -> Void
  ) throws(EventLogError) {
    assert(name.utf8.count < 16, "the kernel keeps 15 bytes of a thread's name")
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    defer { pthread_attr_destroy(&attributes) }
    pthread_attr_setstacksize(&attributes, Limits.threadStackBytes)
    let box = Unmanaged.passRetained(Box(name, inBackground, body))
    var handle = pthread_t()
    let answer = pthread_create(
      &handle, &attributes,
      { argument in
        guard let argument else { return nil }
        let box = Unmanaged<Box>.fromOpaque(argument).takeRetainedValue()
        csystem_name_thread(box.name)
        if box.inBackground { csystem_stand_back() }
        box.body()
        return nil
      }, box.toOpaque())
    guard answer == 0 else {
      box.release()
      throw EventLogError(
        .cannotCreate, "the thread \(name) could not be made", systemError: answer)
    }
    self.handle = handle
  }

  /// Waits for the thread's end; once.
  func join() { pthread_join(handle, nil) }

  private final class Box {
    let name: String
    let inBackground: Bool
    let body: @Sendable () -> Void

    init(_ name: String, _ inBackground: Bool, _ body: @escaping @Sendable () -> Void) {
      self.name = name
      self.inBackground = inBackground
      self.body = body
    }
  }
}
