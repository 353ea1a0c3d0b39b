internal import Messages

/// The templates by type, channel, origin and language, for looking them up from byte views
/// without allocating. A shelf holds the templates that agree in all four, the preferred first.
struct MatchIndex: Sendable {
  /// A template and when it may be used.
  struct Entry: Sendable {
    /// Its place in the catalog.
    var template: Int
    var lanes: UInt8
    /// The later of `publishedAt` and `validFrom`, in nanoseconds.
    var from: Int64
    /// The first instant after the validity, in nanoseconds.
    var to: Int64
  }

  fileprivate struct Shelf: Sendable {
    var hash: UInt64
    var eventType: [UInt8]
    var channel: [UInt8]
    var origin: [UInt8]
    /// In small letters.
    var language: [UInt8]
    var entries: [Entry]
  }

  /// Open addressing: a shelf's number, or -1. The size is a power of two, at least twice the
  /// number of shelves.
  private var slots: [Int32]
  private var shelves: [Shelf] = []

  /// - Parameter templates: those of the catalog, in its order: the preferred first, as far as
  ///   publication and version decide.
  init(_ templates: [Template]) {
    var size = 16
    while size < 2 * templates.count { size *= 2 }
    slots = Array(repeating: -1, count: size)
    for (number, template) in templates.enumerated() { add(template, number) }
  }

  private mutating func add(_ template: Template, _ number: Int) {
    let entry = Entry(
      template: number, lanes: template.lanes.reduce(0) { $0 | Self.bit(of: $1) },
      from: max(template.publishedAt.nanoseconds, template.validFrom?.nanoseconds ?? Int64.min),
      to: template.validTo?.nanoseconds ?? Int64.max)
    var shelf = Shelf(
      hash: 0, eventType: Array(template.eventType.utf8), channel: Array(template.channel.utf8),
      origin: Array((template.origin ?? "").utf8),
      language: (template.language ?? "").utf8.map(MatchKey.lowercase), entries: [entry])
    let (hash, slot) = shelf.withParts { ($0.hash, self.slot(of: $0)) }
    shelf.hash = hash
    if slots[slot] >= 0 {
      shelves[Int(slots[slot])].entries.append(entry)
    } else {
      slots[slot] = Int32(shelves.count)
      shelves.append(shelf)
    }
  }

  /// The preferred template of the shelf that may be used now; nil when there is none.
  func first(of parts: MatchKey.Parts, lane: Lane, now: Timestamp) -> Int? {
    let number = slots[slot(of: parts)]
    guard number >= 0 else { return nil }
    let lane = Self.bit(of: lane)
    for entry in shelves[Int(number)].entries
    where entry.lanes & lane != 0 && entry.from <= now.nanoseconds && now.nanoseconds < entry.to {
      return entry.template
    }
    return nil
  }

  /// The slot of the shelf with this key, or the free one where it would be.
  private func slot(of parts: MatchKey.Parts) -> Int {
    let hash = parts.hash
    var slot = Int(truncatingIfNeeded: hash) & (slots.count &- 1)
    while slots[slot] >= 0, !shelves[Int(slots[slot])].matches(parts, hash) {
      slot = (slot &+ 1) & (slots.count &- 1)
    }
    return slot
  }

  private static func bit(of lane: Lane) -> UInt8 { 1 << lane.rawValue }
}

extension MatchIndex.Shelf {
  fileprivate func matches(_ parts: MatchKey.Parts, _ hash: UInt64) -> Bool {
    self.hash == hash && MatchKey.equal(parts.eventType.bytes, eventType)
      && MatchKey.equal(parts.channel.bytes, channel) && MatchKey.equal(parts.origin.bytes, origin)
      && MatchKey.equalIgnoringCase(parts.language.bytes, language)
  }

  /// The key of this shelf, valid in the call.
  fileprivate func withParts<Result>(_ body: (MatchKey.Parts) -> Result) -> Result {
    eventType.withUnsafeBytes { eventType in
      channel.withUnsafeBytes { channel in
        origin.withUnsafeBytes { origin in
          language.withUnsafeBytes { language in
            body(
              MatchKey.Parts(
                eventType: .init(eventType), channel: .init(channel), origin: .init(origin),
                language: .init(language, ignoringCase: true)))
          }
        }
      }
    }
  }
}
