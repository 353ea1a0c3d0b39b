import Messages
import Templates
import Testing

@testable import Execution
@testable import Templates

@Suite("Templates change between two events, never within one")
struct CatalogSwapTests {
  /// A catalog all of whose texts tell which one it is.
  private static func catalog(_ edition: String) throws -> TemplateCatalog {
    try TemplateCatalog([
      TestTemplate.make(
        "order.email", text: "text \(edition) of {{id}}, again {{>edition}}",
        partials: ["edition": edition])
    ])
  }

  @Test func `Of 10,000 events across swaps none is mixed, and each record pins what was rendered`()
    throws
  {
    let editions = try (0..<5).map { try Self.catalog("edition-\($0)") }
    let names = Dictionary(
      uniqueKeysWithValues: editions.enumerated().map { ($1.templates[0].version, "edition-\($0)") }
    )
    #expect(names.count == editions.count)
    let shard = try OneShard(editions[0])
    let count = 10_000
    for number in 0..<count {
      var sent = OneShard.Sent(OneBadElementTests.event("e\(number)"))
      sent.inlet = number % 3 == 0 ? .batch : .realtime
      shard.receive(sent)
      // While earlier events wait to be taken, to be durable and to be confirmed.
      if number % 197 == 196 { shard.engine.use(editions[(number / 197) % editions.count]) }
      if number % 31 == 0 { shard.turn() }
    }
    shard.run()
    #expect(shard.deliveries.count == count && shard.pins.count == count)
    let pins = Dictionary(uniqueKeysWithValues: shard.pins.map { ($0.id, $0) })
    var used: Set<String> = []
    for delivery in shard.deliveries {
      let id = String(delivery.messageID.dropLast(".00.1".count))
      let pin = try #require(pins[id])
      let edition = try #require(names[pin.version], "event \(id) pins \(pin.version)")
      used.insert(edition)
      #expect(pin.name == "order.email")
      #expect(
        delivery.body.contains(#""template":{"name":"order.email","version":"\#(pin.version)"}"#))
      #expect(
        delivery.body.contains("text \(edition) of \(id), again \(edition)"), "\(delivery.body)")
      let others = names.values.filter { $0 != edition }
      #expect(!others.contains { delivery.body.contains($0) })
    }
    #expect(used.count == editions.count)
  }

  @Test func `A template's windows open and close on the nanosecond`() throws {
    let start: Int64 = 1_800_000_000_000_000_000
    func time(_ nanoseconds: Int64) -> String { Timestamp(nanoseconds: nanoseconds).text }
    let second: Int64 = 1_000_000_000
    let catalog = try TemplateCatalog([
      TestTemplate.make("always", text: "always"),
      TestTemplate.make(
        "later", text: "later",
        metadata: """
          publishedAt: \(time(start + 10 * second))
          validTo: \(time(start + 20 * second))
          """),
      TestTemplate.make(
        "window", text: "window",
        metadata: """
          publishedAt: \(time(start + 5 * second))
          validFrom: \(time(start + 30 * second))
          validTo: \(time(start + 40 * second))
          """),
    ])
    for (offset, expected) in [
      (0, "always"), (10 * second - 1, "always"), (10 * second, "later"),
      (20 * second - 1, "later"), (20 * second, "always"), (30 * second - 1, "always"),
      (30 * second, "window"), (40 * second - 1, "window"), (40 * second, "always"),
    ] {
      let shard = try OneShard(catalog)
      // A turn comes a millisecond after what was before.
      shard.nanoseconds = start + offset - 1_000_000
      shard.receive(OneShard.Sent(OneBadElementTests.event("e")))
      shard.run()
      #expect(shard.pins.map(\.name) == [expected], "\(offset) ns after the start")
    }
  }
}
