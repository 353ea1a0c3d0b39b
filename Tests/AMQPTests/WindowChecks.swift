import TestSupport

@testable import AMQP

/// What tells which publishes the broker has confirmed; a protocol for the sake of broken doubles.
protocol ConfirmTracking {
  var next: UInt64 { get }
  var count: Int { get }
  mutating func published(_ token: UInt64) -> UInt64
  mutating func settle(_ tag: UInt64, isMultiple: Bool, into settled: inout [UInt64]) -> Bool
  mutating func removeAll() -> [UInt64]
}

extension ConfirmWindow: ConfirmTracking {}

/// Takes n confirms to be those of the n oldest publishes.
struct CountingWindow: ConfirmTracking {
  private var tokens: [UInt64] = []
  private var first: UInt64 = 1
  var next: UInt64 { first + UInt64(tokens.count) }
  var count: Int { tokens.count }

  mutating func published(_ token: UInt64) -> UInt64 {
    tokens.append(token)
    return next - 1
  }

  mutating func settle(_ tag: UInt64, isMultiple: Bool, into settled: inout [UInt64]) -> Bool {
    let number = isMultiple ? Int(max(tag, first - 1) + 1 - first) : 1
    settled += tokens.prefix(number)
    tokens.removeFirst(min(number, tokens.count))
    first = next - UInt64(tokens.count)
    return true
  }

  mutating func removeAll() -> [UInt64] {
    defer { tokens = [] }
    return tokens
  }
}

/// Publishes and confirms at random; what the window says wrong, nil when nothing is.
func confirmProblem<Window: ConfirmTracking>(_ window: Window, seed: UInt64) -> String? {
  var window = window
  var random = SeededRandom(seed)
  var outstanding: [UInt64: UInt64] = [:]
  var settled: [UInt64] = []
  for token in UInt64(1)...2_000 {
    for copy in 0..<UInt64.random(in: 0...4, using: &random) {
      outstanding[window.published(token * 10 + copy)] = token * 10 + copy
    }
    guard let tag = outstanding.keys.sorted().randomElement(using: &random) else { continue }
    let isMultiple = Int.random(in: 0..<4, using: &random) == 0
    let taken = outstanding.keys.filter { isMultiple ? $0 <= tag : $0 == tag }
    let expected = Set(taken.compactMap { outstanding.removeValue(forKey: $0) })
    let before = settled.count
    guard window.settle(tag, isMultiple: isMultiple, into: &settled) else {
      return "confirm \(tag) is not known"
    }
    let said = settled[before...]
    guard Set(said) == expected, said.count == expected.count else {
      return "confirm \(tag) settles \(said) in place of \(expected.sorted())"
    }
    guard window.count == outstanding.count else {
      return "\(window.count) are outstanding in place of \(outstanding.count)"
    }
  }
  let lost = window.removeAll()
  return lost == outstanding.keys.sorted().compactMap { outstanding[$0] }
    ? nil : "what is lost with the channel differs"
}

/// What gathers acknowledgements; a protocol for the sake of broken doubles.
protocol AckGathering {
  var openCount: Int { get }
  mutating func delivered(_ tag: UInt64) -> Bool
  mutating func settle(_ tag: UInt64) -> Bool
  mutating func reject(_ tag: UInt64) -> Bool
  mutating func flush(now: UInt64, holeNanoseconds: UInt64, into acks: inout [AckCoalescer.Ack])
}

extension AckCoalescer: AckGathering {}

/// Acknowledges everything up to the highest settled message.
struct HighestAcks: AckGathering {
  private var open: Set<UInt64> = []
  private var highest: UInt64 = 0
  var openCount: Int { open.count }

  mutating func delivered(_ tag: UInt64) -> Bool { open.insert(tag).inserted }

  mutating func settle(_ tag: UInt64) -> Bool {
    highest = max(highest, tag)
    return open.remove(tag) != nil
  }

  mutating func reject(_ tag: UInt64) -> Bool { open.remove(tag) != nil }

  mutating func flush(now: UInt64, holeNanoseconds: UInt64, into acks: inout [AckCoalescer.Ack]) {
    guard highest > 0 else { return }
    acks.append(AckCoalescer.Ack(deliveryTag: highest, isMultiple: true))
    highest = 0
  }
}

/// Delivers, settles and rejects at random against a model of the broker; what goes wrong, nil
/// when nothing does.
func ackProblem<Acks: AckGathering>(_ acks: Acks, seed: UInt64) -> String? {
  var run = AckRun(acks: acks, random: SeededRandom(seed))
  for _ in 0..<3_000 {
    if let problem = run.step() { return problem }
  }
  return run.finish()
}

private struct AckRun<Acks: AckGathering> {
  var acks: Acks
  var random: SeededRandom
  var broker = BrokerChannel()
  var open: Set<UInt64> = []
  var settled: Set<UInt64> = []
  var next: UInt64 = 1
  var now: UInt64 = 0

  init(acks: Acks, random: SeededRandom) {
    self.acks = acks
    self.random = random
  }

  mutating func step() -> String? {
    switch Int.random(in: 0..<10, using: &random) {
    case 0..<4:
      guard open.count < 200 else { return nil }
      guard acks.delivered(next) else { return "delivery \(next) is refused" }
      open.insert(next)
      broker.outstanding.insert(next)
      next += 1
    case 4..<8:
      guard let tag = open.sorted().randomElement(using: &random) else { return nil }
      guard acks.settle(tag), !acks.settle(tag) else { return "\(tag) is not settled once" }
      open.remove(tag)
      settled.insert(tag)
    case 8:
      guard let tag = open.sorted().randomElement(using: &random), tag % 7 == 0 else { return nil }
      guard acks.reject(tag) else { return "\(tag) cannot be rejected" }
      open.remove(tag)
      broker.outstanding.remove(tag)
    default:
      now += UInt64.random(in: 0...30, using: &random)
      if let problem = flush() { return problem }
    }
    return acks.openCount == open.count ? nil : "\(acks.openCount) open, not \(open.count)"
  }

  /// Twice the time that a hole is waited for: all that is settled has been told then.
  mutating func finish() -> String? {
    for _ in 0..<3 {
      if let problem = flush() { return problem }
      now += 1_000
    }
    guard broker.acknowledged == settled else { return "not all that is settled is told" }
    return broker.outstanding == open ? nil : "the broker holds other messages than are open"
  }

  private mutating func flush() -> String? {
    var out: [AckCoalescer.Ack] = []
    acks.flush(now: now, holeNanoseconds: 50, into: &out)
    for ack in out where !broker.take(ack) { return "\(ack) is unknown to the broker" }
    return broker.acknowledged.isSubset(of: settled) ? nil : "an open message is acknowledged"
  }
}
