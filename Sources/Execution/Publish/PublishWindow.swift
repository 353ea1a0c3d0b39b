/// All publishing connections, and what is unanswered on each: a publish is answered here, once,
/// or not at all.
///
/// Whose publish it is stands in its token; the owner (an event, the parked copies, the receipts)
/// is told by the engine when `answer` says that the publish was waiting. Status updates are the
/// exception: the outbox knows by LSN which of them wait, and only says here that the connection
/// answers (`noteAnswer`).
struct PublishWindow {
  /// How a publish was answered.
  enum Answer {
    /// The broker has it.
    case confirmed
    /// The broker could not take it.
    case refused
    /// Nobody waits for the broker's word any longer.
    case givenUp
  }

  private var links = [LinkState](repeating: LinkState(), count: PublishLink.fixed.count)
  private var serial: UInt32 = 0
  private var limits = BrokerLimits()

  /// Tells a publish from an earlier one of the same slot.
  mutating func nextSerial() -> UInt32 {
    serial = (serial &+ 1) & PublishToken.serialMask
    return serial
  }

  /// Another connection exists from now on. It is not open yet.
  mutating func addLink() { links.append(LinkState()) }

  mutating func opened(_ link: PublishLink, at now: MonotonicTime) {
    links[link.rawValue].opened(at: now)
  }

  mutating func blocked(_ link: PublishLink, _ isBlocked: Bool, at now: MonotonicTime) {
    links[link.rawValue].blocked(isBlocked, at: now)
  }

  /// A connection is gone. What was unanswered on it, oldest first: it never will be now.
  mutating func closed(_ link: PublishLink, _ loss: LinkLoss, at now: MonotonicTime)
    -> [PublishToken]
  {
    assert(links.indices.contains(link.rawValue), "only what was ordered is lost")
    if case .refusesMessage(let most?) = loss { limits.learn(most, at: now) }
    return links[link.rawValue].closed(loss)
  }

  /// The process stood still until now: answers that came meanwhile have yet to be read, and no
  /// deadline counts from before.
  mutating func stoodStill(until now: MonotonicTime) {
    for index in links.indices { links[index].usableSince = now }
  }

  /// A publish is on its way, with the newest serial.
  mutating func publish(_ token: PublishToken, on link: PublishLink, at now: MonotonicTime) {
    assert(links[link.rawValue].isUsable, "nothing goes out on a connection that is not usable")
    assert(token.serial == serial, "the newest serial is this one's")
    links[link.rawValue].inFlight.add(token, at: now)
  }

  /// Takes the answer to a publish. Nil when it does not wait for one.
  mutating func answer(
    _ token: PublishToken, on link: PublishLink, _ answer: Answer, at now: MonotonicTime
  ) -> InFlight.Answered? {
    guard let answered = links[link.rawValue].inFlight.answer(token) else { return nil }
    noteAnswer(answer, on: link, at: now)
    return answered
  }

  /// What an answer says of its connection.
  mutating func noteAnswer(_ answer: Answer, on link: PublishLink, at now: MonotonicTime) {
    switch answer {
    case .confirmed: links[link.rawValue].confirmed(at: now)
    case .refused: links[link.rawValue].refused(at: now)
    case .givenUp: break
    }
  }

  /// A delivery was not confirmed in time: see `takeStuck`.
  mutating func noteStall(on link: PublishLink) { links[link.rawValue].hasStalled = true }

  func isWaiting(_ token: PublishToken, on link: PublishLink) -> Bool {
    links[link.rawValue].inFlight.contains(token)
  }

  func isOpen(_ link: PublishLink) -> Bool { links[link.rawValue].isOpen }
  /// Whether something may be published on it now.
  func isUsable(_ link: PublishLink) -> Bool { links[link.rawValue].isUsable }
  /// Whether it is gone, and not because of one message.
  func isCutOff(_ link: PublishLink) -> Bool { links[link.rawValue].isCutOff }
  /// How many publishes on it wait for their answer.
  func unanswered(_ link: PublishLink) -> Int { links[link.rawValue].inFlight.count }
  func oldest(_ link: PublishLink) -> InFlight.Entry? { links[link.rawValue].inFlight.oldest }
  /// When it last became able to publish.
  func usableSince(_ link: PublishLink) -> MonotonicTime { links[link.rawValue].usableSince }
  /// When the broker last confirmed something on it.
  func lastConfirmAt(_ link: PublishLink) -> MonotonicTime { links[link.rawValue].lastConfirmAt }

  /// Whether it could publish, has something under way, and has confirmed nothing for a moment.
  func isQuiet(_ link: PublishLink, at now: MonotonicTime) -> Bool {
    let state = links[link.rawValue]
    guard state.isUsable, let oldest = state.inFlight.oldest else { return false }
    let since = max(oldest.publishedAt, state.usableSince, state.lastConfirmAt)
    return since + EngineLimits.quiet < now
  }

  /// The oldest publish on a connection that has waited for its confirm longer than it may. The
  /// deadline stands still while the broker blocks.
  func overdue(_ link: PublishLink, at now: MonotonicTime) -> PublishToken? {
    let state = links[link.rawValue]
    guard state.isUsable, let oldest = state.inFlight.oldest,
      max(oldest.publishedAt, state.usableSince) + EngineLimits.confirmDeadline < now
    else { return nil }
    return oldest.token
  }

  /// The oldest one that has kept its message from the broker as long as may be, blocked or not.
  func unacknowledged(_ link: PublishLink, at now: MonotonicTime) -> PublishToken? {
    guard let oldest = links[link.rawValue].inFlight.oldest,
      oldest.publishedAt + UnacknowledgedTimes.eventsWait < now
    else { return nil }
    return oldest.token
  }

  /// Connections on which a stall was noted since the last turn and that have answered nothing
  /// else for a while. They are to be given up: what waits on them behind the stalled deliveries
  /// goes out on the next one, those do not.
  mutating func takeStuck(at now: MonotonicTime) -> [PublishLink] {
    var stuck: [PublishLink] = []
    for index in links.indices where links[index].hasStalled {
      links[index].hasStalled = false
      if links[index].isStuck(at: now) { stuck.append(PublishLink(rawValue: index)) }
    }
    return stuck
  }

  /// Connections whose channel goes on refusing and is to be replaced.
  mutating func takeRenewals(at now: MonotonicTime) -> [PublishLink] {
    var renewed: [PublishLink] = []
    for index in links.indices where links[index].takeRenewal(at: now) {
      renewed.append(PublishLink(rawValue: index))
    }
    return renewed
  }
}

// What the broker has said of the size of what it takes.
extension PublishWindow {
  /// It takes no body with more bytes; nil as long as it has refused none.
  var mostBytes: Int? { limits.mostBytes }
  /// Whether it has said so lately.
  func knowsMostBytes(at now: MonotonicTime) -> Bool { limits.isKnown(at: now) }
  mutating func hasTaken(_ bytes: Int) { limits.hasTaken(bytes) }
}
