import Execution
import Messages

/// What producers send in a simulated run.
package enum SimulatedLoad {
  /// An event. `extra`: more members, each with a comma before it.
  package static func event(
    _ id: String, type: String = "order", extra: String = "", name: String = "Elsa"
  ) -> String {
    """
    {"id":"\(id)","type":"\(type)","email":"elsa@example.se"\(extra),"ctx":{"name":"\(name)"}}
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
    var sent: [(id: String, world: Simulation)] = []
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
      let kind = random.below(16)
      if kind == 5 {
        sendGarbage(count, inlet, to: world("e"))
        count += plan.events > 100 ? 1 : 0
        continue
      }
      if kind == 12 {
        sendRogueLog(to: world("ghost"), random: &random)
        continue
      }
      let id = next()
      let world = world(id)
      world.events.append(id)
      sent.append((id, world))
      let phone = random.chance(70) ? #","mobilePhone":"+46701234567""# : ""
      let token = random.chance(50) ? #","registrationToken":"t0ken""# : ""
      switch kind {
      case 0 where plan.hasMoments:
        let at = world.later(seconds: Int64(1 + random.below(40)))
        world.scheduled[id] = Timestamp(rfc3339: at)
        world.send(inlet, event(id, extra: #","scheduled":"\#(at)""#), messageID: id, ids: [id])
      case 1:
        // All of one message go to one shard, whatever their ids.
        let others = [next(), next()]
        let elements = ([id] + others).map { event($0) }
        world.events += others
        sent += others.map { ($0, world) }
        world.send(
          inlet, "[\(elements.joined(separator: ","))]", messageID: "batch", ids: [id] + others)
      case 2:
        world.send(inlet, event(id, type: "unheard-of"), messageID: id, ids: [id])
      case 3:
        world.send(inlet, event(id, type: "strict"), replyTo: "client", ids: [id])
      case 4:
        world.send(inlet, event(id), ids: [id])
        world.send(inlet, event(id), ids: [id])
      case 6 where plan.hasMoments:
        let at = world.later(seconds: 1)
        world.send(inlet, event(id, extra: #","expiration":"\#(at)""#), ids: [id])
      case 7, 8, 9, 10, 13:
        sendShip(kind, id, inlet, extra: phone + token, to: world)
      case 14:
        sendConflict(id, inlet, to: world)
      default:
        world.send(
          inlet, event(id), messageID: id,
          replyTo: plan.isFair || random.chance(50) ? "client" : "other", ids: [id])
      }
    }
    if plan.cancels > 0 { sendCancels(sent, seed: seed) }
  }

  /// An event that goes on to another channel when one fails, if it has an address there.
  private static func sendShip(
    _ kind: Int, _ id: String, _ inlet: Inlet, extra: String, to world: Simulation
  ) {
    switch kind {
    case 10:
      let sms = #","channel":"sms","mobilePhone":"+46701234567""#
      world.send(inlet, event(id, type: "ship", extra: sms), ids: [id])
    case 13:
      // Larger than some brokers take.
      let name = String(repeating: "Elsa ", count: 400)
      world.send(inlet, event(id, type: "ship", extra: extra, name: name), ids: [id])
    default:
      world.send(inlet, event(id, type: "ship", extra: extra), messageID: id, ids: [id])
    }
  }

  /// More of one kind than may be unacknowledged at one time, or some that were delivered often.
  static func flood(_ world: Simulation, random: inout SeededRandom) {
    let kind = random.below(4)
    let count = kind == 3 ? 1 + random.below(4) : world.plan.prefetch + 20
    for _ in 0..<count {
      let id = "flood-\(world.seed)-\(world.events.count)"
      let sms = #","channel":"sms","mobilePhone":"+46701234567""#
      switch kind {
      case 0: sendGarbage(world.mustPark.count, .realtime, to: world)
      case 1: world.send(.realtime, event(id), messageID: id, replyTo: "client", ids: [id])
      case 2: world.send(.realtime, event(id, type: "ship", extra: sms), ids: [id])
      default:
        world.send(.realtime, event(id, type: "ship", extra: sms), ids: [id], deliveryCount: 7)
      }
      if kind != 0 { world.events.append(id) }
    }
  }

  /// What is no event at all.
  private static func sendGarbage(_ number: Int, _ inlet: Inlet, to world: Simulation) {
    let body = "{ this is not JSON: \(number)"
    world.mustPark.append(Array(body.utf8))
    world.parkReasons[Array(body.utf8)] = "not-json"
    world.send(inlet, body, replyTo: "client", ids: [])
  }

  /// Two events with one id: whichever comes second is parked.
  private static func sendConflict(_ id: String, _ inlet: Inlet, to world: Simulation) {
    for body in [event(id), event(id, name: "Olle")] {
      world.parkReasons[Array(body.utf8)] = "id-conflict"
      world.send(inlet, body, ids: [id])
    }
  }

  private static func sendRogueLog(to world: Simulation, random: inout SeededRandom) {
    let id = random.chance(50) ? "ghost" : "e\(world.seed)-0"
    let body = """
      {"deliveryId":"\(id).\(world.shard).900","eventId":"\(id)","outcome":"sent",\
      "occurredAt":"2027-01-15T08:00:00Z"}
      """
    world.parkReasons[Array(body.utf8)] = "unknown-delivery"
    world.send(.deliveryLogs, body, ids: [id])
  }
}
