import AMQP
import Foundation
import Testing

@Suite(
  "A delivery above the broker's max_message_size",
  .enabled(if: TestBroker.isThere, Comment(rawValue: TestBroker.reason)),
  .timeLimit(.minutes(10)))
struct OversizedDeliveryTests {
  @Test
  func `It waits and says that the broker refuses it; all others are delivered`() async throws {
    let broker = try OwnBroker(settings: ["max_message_size = 300000"])
    let service = try ServiceProcess(brokerURL: broker.url)
    let templates = try TemplateFolder(service)
    try templates.add(eventType: "large", content: "{{ctx.p}}")
    try service.start(
      ["MEDDELA_TEMPLATES_PATH": templates.path, "MEDDELA_DELIVERY_RETRY_MAX_SECONDS": "2"],
      servesHTTP: true)
    try await service.waitUntilConsuming()
    let calm = try await CalmTraffic(service)
    try await calm.goesOn(5)
    // The content stands in the delivery twice, so it is above the limit and the event is not.
    for (lane, id) in [("realtime", "big-1"), ("batch", "big-2")] {
      let body = """
        {"id":"\(id)","type":"large","email":"elsa@example.se",\
        "ctx":{"p":"\(String(repeating: "x", count: 200_000))"}}
        """
      _ = try await calm.client.publish([
        TestEvents.message(id, lane: lane, prefix: service.prefix, body: body)
      ])
    }
    for id in ["big-1", "big-2"] {
      try await eventually("\(id) waits because the broker refuses it", seconds: 60) {
        let history = try service.run(["events", "show", id, "--json"]).1
        return history.contains("broker-refused") && history.contains(#""pending""#)
      }
    }
    try await calm.allLanesGoOn()
    try await calm.goesOn()
    try await calm.ends()
    try await broker.control.waitUntilSettled(service)
    #expect(try await service.stop() == 0)
    await calm.close()
  }
}
