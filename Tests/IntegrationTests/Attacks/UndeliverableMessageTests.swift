import AMQP
import Foundation
import Testing

@Suite(
  "A message that the broker itself cannot deliver",
  .enabled(if: TestBroker.isThere, Comment(rawValue: TestBroker.reason)),
  .timeLimit(.minutes(10)))
struct UndeliverableMessageTests {
  @Test
  func `It is gone in seconds, its neighbours are delivered, other lanes never stop`()
    async throws
  {
    let broker = try OwnBroker("--plugins", "rabbitmq_amqp1_0")
    let service = try ServiceProcess(brokerURL: broker.url)
    try service.start()
    try await service.waitUntilConsuming()
    let calm = try await CalmTraffic(service)
    try await calm.goesOn(5)
    // The calm producer's real-time events are the neighbours of the one in the batch lane.
    try sendWithIntegerID(broker, service, lane: "batch")
    try await calm.goesOn(50)
    try await broker.control.waitUntilSettledBatch(service, seconds: 90)
    try await calm.allLanesGoOn()
    try await calm.ends()
    #expect(try await service.stop() == 0)
    await calm.close()
  }

  /// A client of AMQP 1.0 may use a number as a message's id; 3.10.8 cannot write it as 0-9-1.
  private func sendWithIntegerID(
    _ broker: OwnBroker, _ service: ServiceProcess, lane: String
  ) throws {
    let script = ServiceProcess.repository.appendingPathComponent("Tests/Contract/amqp10_send.py")
    let port = try #require(broker.url.split(separator: ":").last.map(String.init))
    let (code, out, err) = try Command.run(
      "/usr/bin/env",
      [
        "python3", script.path, "--port", port, "--exchange", "\(service.prefix).\(lane)",
        "--routing-key", "order_confirmation", "--id", "77", "--body", TestEvents.body("n77"),
      ],
      ProcessInfo.processInfo.environment, in: service.folder)
    #expect(code == 0, "\(out)\(err)")
  }
}

extension BrokerControl {
  /// Waits until the batch queue has nothing left, whoever took it.
  func waitUntilSettledBatch(_ service: ServiceProcess, seconds: Double) async throws {
    let begin = Date()
    try await eventually("the batch queue is empty", seconds: seconds) {
      try total("\(service.prefix).batch.00") == 0
    }
    print("the batch queue was empty after \(Date().timeIntervalSince(begin)) s")
  }
}
