/// The channels whose queue has left a delivery unconfirmed past its deadline. Their deliveries
/// would fill the window of unconfirmed publishes that all channels share, so only one at a time
/// is let through to each, the probe; the others wait durably.
struct StalledChannels {
  private struct Entry {
    var channel: [UInt8]
    var probe: PublishToken?
  }

  /// A handful at most: one for each channel of the templates.
  private var entries: [Entry] = []

  var isEmpty: Bool { entries.isEmpty }

  mutating func add(_ channel: UnsafeRawBufferPointer) {
    guard index(of: channel) == nil else { return }
    entries.append(Entry(channel: Array(channel), probe: nil))
  }

  /// The channel's queue has answered.
  mutating func remove(_ channel: UnsafeRawBufferPointer) {
    if let index = index(of: channel) { entries.remove(at: index) }
  }

  /// Whether a delivery to the channel has to wait; when not, and the channel is stalled, it is
  /// the probe from now on.
  mutating func holdsBack(
    _ channel: UnsafeRawBufferPointer, probe: PublishToken, isWaiting: (PublishToken) -> Bool
  ) -> Bool {
    guard let index = index(of: channel) else { return false }
    if let present = entries[index].probe, isWaiting(present) { return true }
    entries[index].probe = probe
    return false
  }

  private func index(of channel: UnsafeRawBufferPointer) -> Int? {
    entries.firstIndex { channel.elementsEqual($0.channel) }
  }
}

extension ShardEngine {
  /// A delivery was not confirmed in time.
  func noteStall(_ token: PublishToken) {
    guard token.kind == .delivery else { return }
    events[token.slot].facts.with(.channel) { stalledChannels.add($0) }
  }

  /// The queue of an event's channel has said something about a delivery.
  func channelAnswers(_ event: Int32) {
    events[event].facts.with(.channel) { stalledChannels.remove($0) }
  }

  func isHeldBack(_ event: Int32, probe serial: UInt32) -> Bool {
    let token = PublishToken(.delivery, slot: event, serial: serial)
    let facts = events[event].facts
    return facts.with(.channel) { channel in
      stalledChannels.holdsBack(channel, probe: token, isWaiting: isWaiting)
    }
  }
}
