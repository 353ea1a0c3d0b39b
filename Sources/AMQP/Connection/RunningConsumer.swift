/// One consumer of a connection as it is now, beside what its plan says of it.
struct RunningConsumer: Equatable {
  /// What the owner wants: it outlives channels and connections.
  var wantedPrefetch: UInt16
  /// What the broker was last told for it; nil while it does not consume.
  var prefetch: UInt16?
  /// The serial number in its tag.
  var tagSerial: UInt64 = 0

  /// It runs with another prefetch than the owner wants.
  var isToBeReplaced: Bool {
    guard let prefetch else { return false }
    return prefetch != wantedPrefetch
  }
}
