import AMQP
import Foundation
import Testing

@Suite(
  "Other people's events on a real broker",
  .enabled(if: TestBroker.isThere, Comment(rawValue: TestBroker.reason)),
  .timeLimit(.minutes(5)))
struct ProducerTests {
  @Test func `What libraries send by default is delivered; what parks is replayed as it was`()
    async throws
  {
    let service = try ServiceProcess(brokerURL: try #require(TestBroker.url))
    try service.start()
    try await service.waitUntilConsuming()
    let script = ServiceProcess.repository.appendingPathComponent("Tests/Contract/producers.py")
    let (code, out, err) = try Command.run(
      "/usr/bin/env",
      ["python3", script.path, "--url", service.brokerURL, "--prefix", service.prefix],
      ProcessInfo.processInfo.environment, in: service.folder)
    #expect(code == 0, "\(out)\(err)")
    let count = try #require(Int(out.trimmingCharacters(in: .whitespacesAndNewlines)))
    #expect(count == 12)
    try await eventually("each is delivered") {
      try service.count("pending-delivery") == count
    }
    #expect(try await service.stop() == 0)
    let (replayed, said, why) = try service.run(["parked", "replay", "--id", "parks"])
    #expect(replayed == 0, "\(said)\(why)")
    try await checkReplayed(service)
  }

  /// The message that parked waits in its queue again, as it was published.
  private func checkReplayed(_ service: ServiceProcess) async throws {
    let client = try await TestBroker.client(service.brokerURL)
    let stream = client.consume(Consumer(queue: "\(service.prefix).realtime.00", prefetch: 1))
    for try await batch in stream {
      let message = try #require(batch.first)
      let properties = message.properties
      #expect(message.withBody { Array($0) } == Array("nope".utf8))
      #expect(message.text(properties.messageID) == "parks")
      #expect(message.text(properties.contentType) == "application/json")
      #expect(message.text(properties.contentEncoding) == "utf-8")
      #expect(message.text(properties.type) == "order")
      #expect(message.text(properties.appID) == "shop")
      #expect(properties.priority == 3 && properties.timestampSeconds == 1_234_567_890)
      #expect(message.text(properties.userID) == nil && message.text(properties.expiration) == nil)
      var names: [String] = []
      message.storage.withUnsafeBytes { bytes in
        HeaderTable(entries: bytes.slice(properties.headers)).forEach { name, _, _ in
          names.append(String(decoding: name, as: UTF8.self))
        }
      }
      #expect(names.sorted() == ["n", "tenant"], "\(names)")
      break
    }
    await stream.close()
    await client.close()
  }
}
