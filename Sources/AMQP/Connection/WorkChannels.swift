/// The numbers of a connection's work channels, beside the present one: those that were retired
/// and those that may still come. They are counted on, past the control channel.
struct WorkChannels: Equatable {
  /// The highest number that the connection may use; 0 before tuning.
  var max: UInt16 = 0
  /// The oldest that is not closed: the present one when none is retired.
  private(set) var oldest = ConnectionMachine.firstWorkChannel
  /// The owner wants another one in place of the present one.
  var isNextWanted = false
  /// The owner wants what the oldest retired one holds back in its queue.
  var isReturnWanted = false
  /// What comes on a retired channel is held there and shown to nobody.
  var passesOver = false

  /// What comes after `channel`; nil when the connection may use no more.
  func next(after channel: UInt16) -> UInt16? {
    guard channel < max else { return nil }
    let next = channel + 1
    guard next == ConnectionMachine.controlChannel else { return next }
    return next < max ? next + 1 : nil
  }

  mutating func oldestIsClosed() {
    oldest = next(after: oldest) ?? oldest
  }
}
