internal import Synchronization

/// A number that only one thread raises and others watch.
final class AtomicCounter: Sendable {
  private let storage = Atomic<Int>(0)

  @inline(__always)
  var value: Int { storage.load(ordering: .acquiring) }

  func set(_ value: Int) { storage.store(value, ordering: .releasing) }

  func increase() { storage.add(1, ordering: .releasing) }

  func add(_ count: Int) {
    assert(count >= 0, "a counter only grows")
    storage.add(count, ordering: .releasing)
  }
}
