/// The brokers to try, in an order of its own: shuffled once, so that many clients spread over a
/// cluster, and the one that worked last first.
struct AddressList {
  private(set) var addresses: [BrokerAddress]
  private var index = 0

  /// - Parameter addresses: at least one.
  init(_ addresses: [BrokerAddress], using generator: inout some RandomNumberGenerator) {
    precondition(!addresses.isEmpty, "A link needs a broker's address")
    self.addresses = addresses.shuffled(using: &generator)
  }

  var current: BrokerAddress { addresses[index] }

  /// The current one works: it will be tried first.
  mutating func succeeded() {
    let address = addresses.remove(at: index)
    addresses.insert(address, at: 0)
    index = 0
  }

  /// The current one does not: moves on to the next. True when all have been tried in turn.
  mutating func failed() -> Bool {
    index = (index + 1) % addresses.count
    return index == 0
  }
}
