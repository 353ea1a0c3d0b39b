// Consumers begin, end and change their prefetch on the work channel as it is, while messages of
// theirs may be unacknowledged.
extension ConnectionMachine {
  /// Starts or stops consuming on the channel as it is. Stopping leaves what is unacknowledged
  /// with us; deliveries that are on their way still come before `consuming(false)`.
  mutating func setConsuming(_ wanted: Bool) -> ConnectionAction {
    wantsConsuming = wanted
    return catchUp()
  }

  /// Lets a consumer have more or fewer messages unacknowledged at a time. AMQP fixes that when a
  /// consumer begins: a running one is cancelled, and another takes its place. What is
  /// unacknowledged stays ours and does not count towards the new prefetch.
  mutating func setPrefetch(_ wanted: UInt16, of consumer: Int) -> ConnectionAction {
    consumers[consumer].wantedPrefetch = wanted
    return catchUp()
  }

  /// The prefetch that the owner wants for each consumer, for the next connection.
  var wantedPrefetches: [UInt16] {
    get { consumers.map(\.wantedPrefetch) }
    set {
      for (index, prefetch) in zip(consumers.indices, newValue) {
        consumers[index].wantedPrefetch = prefetch
      }
    }
  }

  /// The next step towards what the owner wants, when no other is under way.
  mutating func catchUp() -> ConnectionAction {
    guard work == .ready, !consumers.isEmpty else { return .none }
    if channels.isNextWanted { return retireWork() }
    if channels.isReturnWanted { return closeOldest() }
    if wantsConsuming, !isConsuming { return setPrefetch(0) }
    if !wantsConsuming, isConsuming { return cancel(0) }
    if isConsuming, let consumer = consumers.firstIndex(where: \.isToBeReplaced) {
      return replace(consumer)
    }
    return .none
  }

  /// The channel is open and confirms: the consumers follow, if they are wanted.
  mutating func startConsumers() -> ConnectionAction {
    for index in consumers.indices { consumers[index].prefetch = nil }
    return consumers.isEmpty || !wantsConsuming ? ready() : setPrefetch(0)
  }

  mutating func setPrefetch(_ consumer: Int) -> ConnectionAction {
    work = .settingPrefetch(consumer: consumer)
    clock.expect(.work)
    let prefetch = consumers[consumer].wantedPrefetch
    consumers[consumer].prefetch = prefetch
    return .send(.qos(prefetch: prefetch), channel: workChannel)
  }

  mutating func consume(_ consumer: Int) -> ConnectionAction {
    work = .consuming(consumer: consumer)
    clock.expect(.work)
    tagSerial += 1
    consumers[consumer].tagSerial = tagSerial
    let wanted = plan.consumers[consumer]
    return .send(
      .consume(
        queue: wanted.queue, tag: consumerTag(consumer), isExclusive: wanted.isExclusive,
        arguments: wanted.arguments),
      channel: workChannel)
  }

  mutating func consumes(_ consumer: Int) -> ConnectionAction {
    isConsuming = true
    // The others run: this one took the place of another, or they begin in turn.
    guard let next = consumers.firstIndex(where: { $0.prefetch == nil }) else { return ready() }
    return setPrefetch(next)
  }

  private mutating func replace(_ consumer: Int) -> ConnectionAction {
    work = .replacing(consumer: consumer)
    clock.expect(.work)
    return .send(.cancel(tag: consumerTag(consumer)), channel: workChannel)
  }

  mutating func cancel(_ consumer: Int) -> ConnectionAction {
    work = .cancelling(consumer: consumer)
    clock.expect(.work)
    consumers[consumer].prefetch = nil
    return .send(.cancel(tag: consumerTag(consumer)), channel: workChannel)
  }

  mutating func cancelled() -> ConnectionAction {
    work = .ready
    isConsuming = false
    toldConsuming = false
    clock.answered(.work)
    return .event(.consuming(false)).then(catchUp())
  }

  /// Nothing is under way on the work channel any more.
  mutating func ready() -> ConnectionAction {
    work = .ready
    clock.answered(.work)
    // What the owner wants may have changed while the calls were under way.
    return news().then(catchUp())
  }

  /// What the owner is to be told of the channel that he has not been told.
  private mutating func news() -> ConnectionAction {
    defer { toldConsuming = isConsuming }
    guard isWorkSetUp else {
      isWorkSetUp = true
      return .event(.ready(epoch: epoch))
    }
    // A consumer that took the place of another is none.
    return isConsuming == toldConsuming ? .none : .event(.consuming(isConsuming))
  }

  /// The tag of a consumer: never the same twice on a connection. RabbitMQ 3.10 crashes the
  /// channel (541) when a tag comes again while messages of its last bearer are unacknowledged.
  private func consumerTag(_ consumer: Int) -> String {
    "meddela-\(consumer).\(consumers[consumer].tagSerial)"
  }

  /// The consumer whose tag it is or was; nil for a tag that is not ours.
  func consumer(ofTag tag: UnsafeRawBufferPointer) -> Int? {
    let prefix: StaticString = "meddela-"
    guard tag.count > prefix.utf8CodeUnitCount, tag.count <= prefix.utf8CodeUnitCount + 26,
      tag.starts(with: UnsafeRawBufferPointer(start: prefix.utf8Start, count: 8))
    else { return nil }
    var index = 0
    for byte in tag[8...] {
      if byte == UInt8(ascii: ".") { break }
      guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9"), index < 10_000 else { return nil }
      index = index * 10 + Int(byte - UInt8(ascii: "0"))
    }
    return index < consumers.count ? index : nil
  }
}
