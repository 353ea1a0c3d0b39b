import AMQP
import Execution
import Messages
import Testing

@testable import Node

@Suite struct TopologyShardsTests {
  private static func topology(_ shards: Int) -> Topology {
    Topology(
      prefix: "m", shards: ShardSet(count: shards), channels: ["email"], hasHistory: false)
  }

  /// `source -> destination (key)`, in the order in which they are made.
  private static func bindings(_ shards: Int) -> [String] {
    topology(shards).declarations.compactMap { operation in
      switch operation {
      case .bindQueue(let to, let from, let key, _), .bindExchange(let to, let from, let key, _):
        "\(from) -> \(to) (\(key))"
      default: nil
      }
    }
  }

  @Test func `With one shard its queues take all, and there is no ring`() {
    let bindings = Self.bindings(1)
    #expect(bindings.contains("m.realtime -> m.realtime.00 (#)"))
    #expect(bindings.contains("m.delivery-logs -> m.delivery-logs.00 (#)"))
    #expect(!Self.topology(1).declarations.contains { "\($0)".contains(Topology.hashType) })
    #expect(!bindings.contains { $0.contains("shards") })
  }

  @Test func `With several a ring leads to their queues, bound by name, before it gets anything`() {
    let bindings = Self.bindings(3)
    for lane in ["m.realtime", "m.batch"] {
      let ring = bindings.filter { $0.contains("\(lane).shards") }
      #expect(
        ring == [
          "\(lane).shards -> \(lane).00 (1)", "\(lane).shards -> \(lane).01 (1)",
          "\(lane).shards -> \(lane).02 (1)", "\(lane) -> \(lane).shards (#)",
        ])
    }
    // Delivery logs find their shard by its queue's name alone.
    #expect(
      bindings.filter { $0.hasPrefix("m.delivery-logs") } == [
        "m.delivery-logs -> m.delivery-logs.00 (m.delivery-logs.00)",
        "m.delivery-logs -> m.delivery-logs.01 (m.delivery-logs.01)",
        "m.delivery-logs -> m.delivery-logs.02 (m.delivery-logs.02)",
      ])
    #expect(
      Self.topology(3).declarations.contains(
        .declareExchange(
          name: "m.batch.shards", type: "x-consistent-hash",
          arguments: [
            Argument("hash-property", .string("message_id")),
            Argument("alternate-exchange", .string("m.unrouted")),
          ])))
  }

  @Test func `Every shard has its queues, and their number is a queue's length limit`() {
    let queues = Self.topology(3).declarations.compactMap { operation -> String? in
      guard case .declareQueue(let name, _, _, _, _) = operation else { return nil }
      return name
    }
    for shard in ["00", "01", "02"] {
      for name in ["realtime", "batch", "delivery-logs", "owner"] {
        #expect(queues.contains("m.\(name).\(shard)"))
      }
    }
    #expect(Set(queues).count == queues.count)
    guard
      case .declareQueue("m.shards", _, _, _, let arguments) = Self.topology(3)
        .shardCountDeclaration
    else { return #expect(Bool(false), "no queue tells the number") }
    #expect(arguments.contains(Argument("x-max-length", .int64(3))))
  }

  @Test func `A topology that is only checked may be without that queue`() {
    #expect(!Self.topology(3).assertions.contains(.assertQueue(name: "m.shards")))
    #expect(Self.topology(3).assertions.contains(.assertQueue(name: "m.batch.02")))
    #expect(Self.topology(3).assertions.contains(.assertExchange(name: "m.batch.shards")))
  }

  @Test func `Of several shards one looks over the topology, and another when that one does not`() {
    let passes = SharedWatch(.one)
    let start = MonotonicTime(nanoseconds: 1_000_000_000_000)
    #expect(passes.claim(at: start, every: .seconds(30)))
    #expect(!passes.claim(at: start + .seconds(5), every: .seconds(30)))
    #expect(passes.claim(at: start + .seconds(30), every: .seconds(30)))
    #expect(!passes.claim(at: start + .seconds(35), every: .seconds(30)))
    #expect(passes.claim(at: start + .seconds(65), every: .seconds(30)))
  }

  @Test func `Of a shard that nobody runs one is told once, and once when it is run again`() throws
  {
    let watch = SharedWatch(try ShardSet(count: 4, own: "1"))
    #expect(watch.others.map(\.value) == [0, 2, 3])
    let shard = ShardNumber(2)
    #expect(!watch.saw(consumers: 1, of: shard))
    #expect(!watch.saw(consumers: 0, of: shard) && watch.unowned.isEmpty, "it may be starting")
    #expect(watch.saw(consumers: 0, of: shard) && watch.unowned == [shard])
    #expect(!watch.saw(consumers: 0, of: shard))
    #expect(watch.saw(consumers: 1, of: shard) && watch.unowned.isEmpty)
    let text = MetricsText.text([], others: [(shard, true), (ShardNumber(3), false)])
    #expect(
      text.contains("meddela_shard_unowned{shard=\"02\"} 1\nmeddela_shard_unowned{shard=\"03\"} 0"))
  }
}
