import JSON
import Messages
import Templates

// A failed delivery goes on to the next channel that its template names, if the event has an
// address there: another attempt of the same event, each channel at most once in a drive.
extension ShardEngine {
  /// Whether a failure of the event's present attempt leaves a channel to try.
  func hasFallback(_ event: Int32) -> Bool {
    events[event].state.attempt < .max && !remainingChannels(event).isEmpty
  }

  private func remainingChannels(_ event: Int32) -> [String] {
    let version = events[event].facts.string(.templateVersion)
    let template = catalog.template(version: version) ?? pinned[version]
    return events[event].facts.remainingChannels(template?.fallback ?? [])
  }

  /// The failure is durable, and so is that a channel is to be tried: now, if there is room.
  func goOnRecycling(_ event: Int32) {
    guard events[event].state.status == .deliveryFailed, events[event].isAtRest else {
      return
    }
    guard events[event].isBackground || background.hasRoom else {
      return background.addFallback(events[event].key, lsn: events[event].lastLSN)
    }
    moveToBackground(event)
    handleDue(event)
  }

  /// Tries the first channel that has an address, a template and what that needs. When none has,
  /// the event stays failed, and its history says so.
  func recycle(_ event: Int32) {
    guard needsBody(event, for: .paced) else { return }
    if events[event].state.hasExpired(at: now.wall) {
      return stayFailed(event, "its expiration has passed")
    }
    var channels = remainingChannels(event)
    var tried = events[event].facts.channels(.triedChannels)
    tried.append(events[event].facts.string(.channel))
    while !channels.isEmpty {
      let channel = channels.removeFirst()
      if attempt(event, on: channel, tried: tried, fallbacks: channels) { return }
      tried.append(channel)
    }
    stayFailed(event, "no fallback channel has an address and a template for the event")
  }

  /// Begins the next attempt on a channel. False, and nothing has changed, when that is not
  /// possible.
  private func attempt(
    _ event: Int32, on channel: String, tried: [String], fallbacks: [String]
  ) -> Bool {
    let before = (events[event].state, events[event].facts)
    var delivery: [UInt8]?
    var name = channel
    name.withUTF8 { channel in
      _ = withOriginalFields(event) { original in
        guard let fields = original.on(channel: JSONString(bytes: .init(channel))),
          let template = match(fields, lane: before.0.lane)
        else { return }
        events[event].state.begin(attempt: before.0.attempt + 1, at: now.wall)
        events[event].facts = before.1.with(
          channel: fields.channel.bytes, template: (template.name, template.version),
          tried: tried, fallbacks: fallbacks)
        delivery = try? render(event, fields, template)
      }
    }
    guard let delivery else {
      (events[event].state, events[event].facts) = before
      return false
    }
    counters.recycled += 1
    append(
      .transition, event,
      reason: TransitionReason(.recycled, "\(channel), after \(tried.joined(separator: ", "))"),
      isPassing: true)
    awaitDurable(event, then: .publish(delivery))
    return true
  }

  private func stayFailed(_ event: Int32, _ text: String) {
    events[event].state.dueAt = .none
    append(.evidence, event, reason: TransitionReason(.noFallback, text))
    awaitDurable(event, then: .settle)
  }

  /// Decodes the event's stored body, on the channel that it was accepted for. False when it is
  /// no longer an event.
  func withOriginalFields(_ event: Int32, _ work: (EventFields) -> Void) -> Bool {
    let body = events[event].body
    self.work.spend(body.count * WorkCost.byte)
    return body.withPart(events[event].bodyRange) { bytes in
      guard let root = try? parser.parse(padded: bytes),
        let fields = try? EventFields.decode(root, messageID: nil, isStored: true)
      else { return false }
      work(fields)
      return true
    }
  }
}
