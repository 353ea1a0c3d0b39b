/// The publishes of one channel that the broker has not confirmed: a ring from publish sequence
/// number to the owner's token.
///
/// Confirms come singly, in any order, and as ranges; the window tracks them as a set. Each
/// sequence number is looked at once for a range, however the confirms come.
struct ConfirmWindow {
  /// Tokens by sequence number, modulo the (power of two) size.
  private var tokens: [UInt64]
  private var isOutstanding: [Bool]
  /// The lowest sequence number that may be outstanding, and the next one to be given.
  private(set) var low: UInt64 = 1
  private(set) var next: UInt64 = 1
  private(set) var count = 0

  init(capacity: Int = 1024) {
    var size = 16
    while size < capacity { size *= 2 }
    tokens = Array(repeating: 0, count: size)
    isOutstanding = Array(repeating: false, count: size)
  }

  /// Notes a publish; its sequence number is returned.
  @discardableResult
  mutating func published(_ token: UInt64) -> UInt64 {
    if next - low == UInt64(tokens.count) { grow() }
    let index = slot(next)
    tokens[index] = token
    isOutstanding[index] = true
    count += 1
    next += 1
    return next - 1
  }

  /// Settles what the broker confirms, appending the tokens in order of sequence numbers. A number
  /// confirmed before is passed over.
  ///
  /// - Returns: false when the number was never given: a protocol error.
  mutating func settle(_ tag: UInt64, isMultiple: Bool, into settled: inout [UInt64]) -> Bool {
    guard tag < next else { return false }
    if isMultiple {
      // Zero means all of them (AMQP 0-9-1, domain delivery-tag).
      let last = tag == 0 ? next - 1 : tag
      var number = low
      while number <= last {
        take(number, into: &settled)
        number += 1
      }
      if last >= low { low = last + 1 }
    } else {
      guard tag != 0 else { return false }
      if tag >= low { take(tag, into: &settled) }
    }
    while low < next, !isOutstanding[slot(low)] { low += 1 }
    return true
  }

  /// Takes out everything outstanding, in order: what is lost with the channel.
  mutating func removeAll() -> [UInt64] {
    var lost: [UInt64] = []
    lost.reserveCapacity(count)
    while low < next {
      take(low, into: &lost)
      low += 1
    }
    low = 1
    next = 1
    return lost
  }

  private func slot(_ number: UInt64) -> Int {
    Int(truncatingIfNeeded: number) & (tokens.count - 1)
  }

  private mutating func take(_ number: UInt64, into settled: inout [UInt64]) {
    let index = slot(number)
    guard isOutstanding[index] else { return }
    isOutstanding[index] = false
    count -= 1
    settled.append(tokens[index])
  }

  private mutating func grow() {
    var bigger = ConfirmWindow(capacity: tokens.count * 2)
    bigger.low = low
    bigger.next = next
    bigger.count = count
    for number in low..<next {
      bigger.tokens[bigger.slot(number)] = tokens[slot(number)]
      bigger.isOutstanding[bigger.slot(number)] = isOutstanding[slot(number)]
    }
    self = bigger
  }
}
