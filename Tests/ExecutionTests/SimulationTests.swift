import Messages
import Testing

@testable import Execution

@Suite("A simulated shard")
struct SimulationTests {
  static func event(_ id: String, type: String = "order", extra: String = "") -> String {
    """
    {"id":"\(id)","type":"\(type)","email":"elsa@example.se"\(extra),"ctx":{"name":"Elsa"}}
    """
  }

  /// A mix of what producers send, by the seed: singles, arrays, duplicates, what no template
  /// covers, what expires, what waits, what cannot be an event.
  static func load(_ simulation: Simulation, events count: Int) -> [String] {
    var ids: [String] = []
    func next() -> String {
      ids.append("e\(simulation.seed)-\(ids.count)")
      return ids[ids.count - 1]
    }
    while ids.count < count {
      let inlet: Inlet = simulation.random.chance(50) ? .realtime : .batch
      switch simulation.random.below(10) {
      case 0:
        let id = next()
        let extra = #","scheduled":"\#(later(simulation, seconds: 30))""#
        simulation.send(inlet, event(id, extra: extra), messageID: id)
      case 1:
        let elements = (0..<3).map { _ in event(next()) }
        simulation.send(inlet, "[\(elements.joined(separator: ","))]", messageID: "batch")
      case 2:
        let id = next()
        simulation.send(inlet, event(id, type: "unheard-of"), messageID: id)
      case 3:
        let id = next()
        simulation.send(inlet, event(id, type: "strict"), replyTo: "client")
      case 4:
        let id = next()
        simulation.send(inlet, event(id))
        simulation.send(inlet, event(id))
      case 5:
        simulation.send(inlet, "{ this is not JSON")
      case 6:
        let id = next()
        let extra = #","expiration":"\#(later(simulation, seconds: 1))""#
        simulation.send(inlet, event(id, extra: extra))
      default:
        let id = next()
        simulation.send(inlet, event(id), messageID: id, replyTo: "client")
      }
    }
    return ids
  }

  static func later(_ simulation: Simulation, seconds: Int64) -> String {
    Timestamp(nanoseconds: simulation.nanoseconds + seconds * 1_000_000_000).text
  }

  static func run(
    seed: UInt64, faults: Simulation.Faults, retains: Bool = false
  ) throws -> Simulation {
    let simulation = try Simulation(seed: seed, faults: faults)
    simulation.retains = retains
    let ids = load(simulation, events: 24)
    for _ in 0..<400 { simulation.step() }
    simulation.settle()
    simulation.checkEnd(events: ids)
    return simulation
  }

  @Test("Without faults every event ends final and every update arrives", arguments: 0..<50)
  func calm(seed: Int) throws {
    let faults = Simulation.Faults(linkLosses: 0, nackPercent: 0, returnPercent: 0, blocks: 0)
    let simulation = try Self.run(seed: UInt64(seed), faults: faults)
    #expect(simulation.violations.isEmpty, "seed \(seed)")
  }

  @Test("With a broker that refuses, returns, blocks and hangs up")
  func brokenBroker() throws {
    for seed in 0..<500 {
      let simulation = try Self.run(seed: UInt64(seed), faults: Simulation.Faults())
      #expect(simulation.violations.isEmpty, "seed \(seed)")
    }
  }

  @Test("With crashes at any moment")
  func crashes() throws {
    for seed in 0..<1_000 {
      let simulation = try Self.run(
        seed: UInt64(seed) &+ 1_000_000, faults: Simulation.Faults(crashes: 4))
      #expect(simulation.violations.isEmpty, "seed \(seed + 1_000_000)")
    }
  }

  @Test("With open events carried forward and their earlier records gone")
  func carrying() throws {
    var carried = 0
    for seed in 0..<500 {
      let simulation = try Self.run(
        seed: UInt64(seed) &+ 2_000_000, faults: Simulation.Faults(crashes: seed % 3),
        retains: true)
      #expect(simulation.violations.isEmpty, "seed \(seed + 2_000_000)")
      carried += simulation.log.records.count { $0.kind == .carried }
    }
    #expect(carried > 100)
  }
}
