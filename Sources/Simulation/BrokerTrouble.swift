import Execution

/// What the broker of a simulated shard does not take at the moment. Queues go by their names:
/// the channel of a delivery, `status`, `parked`, and the queue of a receipt.
struct BrokerTrouble {
  /// What becomes of a publish.
  enum Fate {
    case confirmed, refused, returned
    case closes(LinkLoss)
    /// Its connection is about to be closed.
    case ignored
  }

  /// A queue of which a publisher's channel has met that it was full. RabbitMQ 3.10 goes on
  /// refusing on that channel whatever happens to the queue.
  struct Refusal: Hashable {
    var link: Int
    var queue: String
  }

  /// A full queue refuses until then, in simulated time; and likewise below.
  private var full: [String: Int64] = [:]
  private var refusesForEver = false
  private var met: Set<Refusal> = []
  private var missing: [String: Int64] = [:]
  private var silent: [String: Int64] = [:]
  /// By connection: nothing is taken there.
  private var forbidden: [Int: Int64] = [:]
  /// By connection: nothing is answered there.
  private var mute: [Int: Int64] = [:]
  /// The largest body it takes, and whether it says so.
  private var mostBytes: (bytes: Int, isNamed: Bool, until: Int64)?
  /// By exchange: of its messages one in eight ends the connection, always the same.
  private var culprits: [OutboundExchange: Int64] = [:]
  /// Whether no email is among them, nor among those that are too large for a broker that does not
  /// say so: what goes to the same queue does wait for that.
  var sparesEmail = false

  mutating func fill(_ queue: String, until: Int64, refusesForEver: Bool) {
    full[queue] = until
    if refusesForEver { self.refusesForEver = true }
  }

  mutating func lose(_ queue: String, until: Int64) { missing[queue] = until }
  mutating func silence(_ queue: String, until: Int64) { silent[queue] = until }
  mutating func forbid(_ link: PublishLink, until: Int64) { forbidden[link.rawValue] = until }
  mutating func mute(_ link: PublishLink, until: Int64) { mute[link.rawValue] = until }
  mutating func blame(_ exchange: OutboundExchange, until: Int64) { culprits[exchange] = until }

  mutating func limit(_ bytes: Int, isNamed: Bool, until: Int64) {
    mostBytes = (bytes, isNamed, until)
  }

  /// All is well again, but for what holds until a channel is replaced, and deliveries that the
  /// broker never takes.
  mutating func end() {
    let forGood = culprits[.deliveries] == .max
    full = [:]
    missing = [:]
    silent = [:]
    forbidden = [:]
    mute = [:]
    mostBytes = nil
    culprits = forGood ? [.deliveries: .max] : [:]
  }

  /// A connection has another channel.
  mutating func renew(_ link: PublishLink) {
    met = met.filter { $0.link != link.rawValue }
  }

  func isSilent(_ queue: String, _ link: PublishLink, at now: Int64) -> Bool {
    if silent.isEmpty, mute.isEmpty { return false }
    return silent[queue, default: 0] > now || mute[link.rawValue, default: 0] > now
  }

  mutating func fate(
    of published: ModelBroker.Published, on link: PublishLink, isMandatory: Bool, at now: Int64
  ) -> Fate {
    if forbidden[link.rawValue, default: 0] > now { return .closes(.refusesAll) }
    let isSpared = sparesEmail && published.exchange == .deliveries && published.queue == "email"
    if let most = mostBytes, most.until > now, published.body.count > most.bytes,
      most.isNamed || !isSpared
    {
      return .closes(.refusesMessage(mostBytes: most.isNamed ? most.bytes : nil))
    }
    if culprits[published.exchange, default: 0] > now, !isSpared, published.isOneInEight {
      return .closes(.refusesMessage(mostBytes: nil))
    }
    let refusal = Refusal(link: link.rawValue, queue: published.queue)
    if full[published.queue, default: 0] > now {
      if refusesForEver { met.insert(refusal) }
      return .refused
    }
    if met.contains(refusal) { return .refused }
    if isMandatory, missing[published.queue, default: 0] > now { return .returned }
    return .confirmed
  }
}

extension ModelBroker.Published {
  /// The same messages in every run and every life.
  var isOneInEight: Bool {
    let bytes = messageID.isEmpty ? body : Array(messageID.utf8)
    return bytes.reduce(0xCBF2_9CE4_8422_2325 as UInt64) {
      ($0 ^ UInt64($1)) &* 0x100_0000_01B3
    } >> 32 % 8 == 0
  }
}
