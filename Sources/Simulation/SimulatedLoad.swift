import Execution
import Messages

/// What producers send in a simulated run.
package enum SimulatedLoad {
  /// An event. `extra`: more members, each with a comma before it.
  package static func event(_ id: String, type: String = "order", extra: String = "") -> String {
    """
    {"id":"\(id)","type":"\(type)","email":"elsa@example.se"\(extra),"ctx":{"name":"Elsa"}}
    """
  }

  /// A mix, by the seed: singles, arrays, duplicates, what no template covers, what expires, what
  /// waits, what has fallbacks, what cannot be an event, logs of nothing. `world` picks the shard
  /// of an id.
  static func send(
    _ plan: SimulationPlan, seed: UInt64, random: inout SeededRandom,
    to world: (String) -> Simulation
  ) {
    var count = 0
    func next() -> String {
      count += 1
      return "e\(seed)-\(count - 1)"
    }
    if plan.hasPoison {
      let id = "poison-\(seed)"
      world(id).send(.realtime, event(id), ids: [id])
    }
    while count < plan.events {
      let inlet: Inlet = random.chance(50) ? .realtime : .batch
      let kind = random.below(13)
      if kind == 5 {
        world("e").send(inlet, "{ this is not JSON", ids: [])
        continue
      }
      if kind == 12 {
        sendRogueLog(to: world("ghost"), random: &random)
        continue
      }
      let id = next()
      let world = world(id)
      world.events.append(id)
      let phone = random.chance(70) ? #","mobilePhone":"+46701234567""# : ""
      let token = random.chance(50) ? #","registrationToken":"t0ken""# : ""
      switch kind {
      case 0:
        let at = world.later(seconds: Int64(1 + random.below(40)))
        world.scheduled[id] = Timestamp(rfc3339: at)
        world.send(inlet, event(id, extra: #","scheduled":"\#(at)""#), messageID: id, ids: [id])
      case 1:
        // All of one message go to one shard, whatever their ids.
        let others = [next(), next()]
        let elements = ([id] + others).map { event($0) }
        world.events += others
        world.send(
          inlet, "[\(elements.joined(separator: ","))]", messageID: "batch", ids: [id] + others)
      case 2:
        world.send(inlet, event(id, type: "unheard-of"), messageID: id, ids: [id])
      case 3:
        world.send(inlet, event(id, type: "strict"), replyTo: "client", ids: [id])
      case 4:
        world.send(inlet, event(id), ids: [id])
        world.send(inlet, event(id), ids: [id])
      case 6:
        let at = world.later(seconds: 1)
        world.send(inlet, event(id, extra: #","expiration":"\#(at)""#), ids: [id])
      case 7, 8, 9:
        world.send(
          inlet, event(id, type: "ship", extra: phone + token), messageID: id, ids: [id])
      case 10:
        let sms = #","channel":"sms","mobilePhone":"+46701234567""#
        world.send(inlet, event(id, type: "ship", extra: sms), ids: [id])
      default:
        world.send(inlet, event(id), messageID: id, replyTo: "client", ids: [id])
      }
    }
  }

  private static func sendRogueLog(to world: Simulation, random: inout SeededRandom) {
    let id = random.chance(50) ? "ghost" : "e\(world.seed)-0"
    world.send(
      .deliveryLogs,
      """
      {"deliveryId":"\(id).\(world.shard).900","eventId":"\(id)","outcome":"sent",\
      "occurredAt":"2027-01-15T08:00:00Z"}
      """, ids: [id])
  }
}
