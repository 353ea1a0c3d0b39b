import Messages

/// How many deliveries of one queue may be unconfirmed. The broker works them off in their order,
/// so the first real-time event waits for what batch and background have under way.
struct DeliveryRoom: Equatable {
  /// While a fresh event waits, and while none does.
  var fresh: Int
  var background: Int
  /// If all of it were as large as the next one: large deliveries keep the broker's disk busy.
  var bytes: Int

  /// - Parameters:
  ///   - isRealtimeActive: whether real-time events come at present.
  ///   - isRealtimeUnderWay: whether deliveries of them are unconfirmed. Looked at only if it
  ///     decides.
  init(_ lane: Lane, isRealtimeActive: Bool, isRealtimeUnderWay: @autoclosure () -> Bool) {
    let isHeld = isRealtimeActive || lane == .batch && isRealtimeUnderWay()
    background = isHeld ? EngineLimits.batchSlice : EngineLimits.unconfirmedBatch
    switch lane {
    case .realtime:
      fresh = EngineLimits.unconfirmedDeliveries
      bytes = .max
    case .batch:
      fresh = background
      bytes = isHeld ? EngineLimits.batchBytes : .max
    }
  }
}
