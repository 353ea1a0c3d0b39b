import AMQP
import Foundation
import Testing

@Suite(
  "What publish sends, and what it refuses",
  .enabled(if: TestBroker.isThere, Comment(rawValue: TestBroker.reason)),
  .timeLimit(.minutes(5)))
struct PublishTests {
  private static func service() throws -> ServiceProcess {
    let service = try ServiceProcess(brokerURL: try #require(TestBroker.url))
    let (code, out, err) = try service.run(["topology", "apply"])
    #expect(code == 0, "\(out)\(err)")
    return service
  }

  private static func depth(_ service: ServiceProcess, _ lane: String = "realtime") async throws
    -> Int
  {
    let client = try await TestBroker.client(service.brokerURL)
    let depth = try await client.depth(of: "\(service.prefix).\(lane).00").messages
    await client.close()
    return depth
  }

  @Test func `An event over many lines is one message, in whatever company`() async throws {
    let service = try Self.service()
    let pretty = try service.file(
      "pretty.json",
      """
      \u{FEFF}{
        "id": "pretty-1", "type": "order_confirmation", "email": "a@example.se",
        "ctx": {"text": "a } in \\" a string {"}
      }
      """)
    let (code, out, err) = try service.run(["publish", pretty])
    #expect(code == 0 && out.contains("published 1 messages"), "\(out)\(err)")
    let client = try await TestBroker.client(service.brokerURL)
    let stream = client.consume(Consumer(queue: "\(service.prefix).realtime.00", prefetch: 1))
    for try await batch in stream {
      #expect(batch.first?.text(batch[0].properties.messageID) == "pretty-1")
      #expect(batch.first?.text(batch[0].routingKey) == "order_confirmation")
      stream.settle(batch)
      break
    }
    await stream.close()
    await client.close()
    func event(_ id: String) -> String { TestEvents.body(id) }
    let mixed = try service.file(
      "mixed.json",
      "\(event("m-1"))\n\n\(event("m-2")) \(event("m-3"))\n[\(event("m-4")),\n\(event("m-5"))]\n"
        + "{\"events\": [\(event("m-6"))]}\n[]\n")
    let (second, text, why) = try service.run(["publish", "--lane", "batch", mixed])
    #expect(second == 0 && text.contains("published 6 messages"), "\(text)\(why)")
    #expect(try await Self.depth(service, "batch") == 6)
    let cloud = """
      {"specversion":"1.0","id":"ce-1","type":"order_confirmation","source":"shop-se",\
      "data":{"email":"a@example.se","ctx":{}}}
      """
    let (third, _, problem) = try service.shell("printf '%s' '\(cloud)' | $meddela publish -")
    #expect(third == 0, "\(problem)")
  }

  @Test func `What is no JSON stops before anything is sent, with its place`() async throws {
    let service = try Self.service()
    let lines = (0..<3).map { TestEvents.body("n-\($0)") }.joined(separator: "\n")
    let cases: [(String, String)] = [
      ("\(lines)\nnope\n", ":4:1: expected JSON"), ("\(lines)\n{\"id\": \"x\",}\n", ":4:"),
      ("\(lines)\n{\"id\": \"x\"\n", ":5:1"), ("\(lines)\n[1, 2", ":4:"), ("42", ":1:1"),
    ]
    for (index, (text, place)) in cases.enumerated() {
      let path = try service.file("bad-\(index).json", text)
      let (code, out, err) = try service.run(["publish", path])
      #expect(code == 65 && err.contains("bad-\(index).json\(place)"), "\(out)\(err)")
      #expect(err.contains("--raw") && err.contains("nothing was published"), "\(err)")
    }
    let good = try service.file("good.json", lines)
    #expect(try service.run(["publish", good, "/bin/ls"]).0 == 65)
    #expect(try service.run(["publish", good, "/nowhere"]).0 == 66)
    #expect(try await Self.depth(service) == 0)
    #expect(try service.run(["publish", "--raw", "/bin/sh"]).0 == 0)
    #expect(try await Self.depth(service) == 1)
  }

  @Test func `What the service would park is told before anything is sent, unless that is wanted`()
    async throws
  {
    let service = try Self.service()
    let path = try service.file(
      "events.json",
      """
      \(TestEvents.body("j-1"))
      {"id": "j-2", "type": "order_confirmation", "email": "nobody", "ctx": {}}
      {"id": "j-3", "type": "bad type", "email": "a@example.se", "ctx": {}}
      """)
    let (code, _, err) = try service.run(["publish", path])
    #expect(code == 65 && err.contains("events.json:2:54: bad-address: $.email"), "\(err)")
    #expect(err.contains("events.json:3:23: bad-type: $.type") && err.contains("--no-validate"))
    #expect(try await Self.depth(service) == 0)
    let (all, out, why) = try service.run(["publish", "--no-validate", path])
    #expect(all == 0 && out.contains("published 3 messages"), "\(out)\(why)")
    #expect(try await Self.depth(service) == 3)
    for arguments in [["--type", "bad type"], ["--channel", "UPPER"]] {
      #expect(try service.run(["publish", "--generate", "2"] + arguments).0 == 64)
    }
    let large = TestEvents.body(
      "large", more: ",\"pad\":\"\(String(repeating: "x", count: 1 << 20))\"")
    let (tooLarge, _, text) = try service.run(
      ["publish", try service.file("large.json", large)])
    #expect(tooLarge == 65 && text.contains("too-large"), "\(text)")
  }

  @Test func `A missing exchange is waited for, and named when it does not come`() async throws {
    let service = try ServiceProcess(brokerURL: try #require(TestBroker.url))
    let path = try service.file("one.json", TestEvents.body("one"))
    let start = Date()
    let (code, _, err) = try service.run(["publish", "--timeout", "2", path])
    #expect(code == 78 && err.contains("\(service.prefix).realtime"), "\(err)")
    #expect(err.contains("waiting for the exchange"), "\(err)")
    #expect(Date().timeIntervalSince(start) < 30)
    let publishing = try RunningCommand(service, ["publish", "--timeout", "60", path])
    try await Task.sleep(for: .seconds(2))
    #expect(publishing.isRunning)
    #expect(try service.run(["topology", "apply"]).0 == 0)
    #expect(try await publishing.end() == 0, "\(publishing.err)")
    #expect(try await Self.depth(service) == 1)
  }

  @Test func `An account that may not write is told so within seconds`() async throws {
    let service = try Self.service()
    let user = "reader-\(service.prefix)"
    try TestBroker.control.run("add_user", user, "secret")
    defer { _ = try? TestBroker.control.run("delete_user", user) }
    try TestBroker.control.run("set_permissions", user, "^$", "^$", ".*")
    let url = try #require(TestBroker.url).replacingOccurrences(
      of: "guest:guest", with: "\(user):secret")
    let path = try service.file("one.json", TestEvents.body("one"))
    let start = Date()
    let (code, _, err) = try service.run(
      ["publish", path],
      [
        "MEDDELA_BROKER_URLS": url, "MEDDELA_BROKER_USERNAME": user,
        "MEDDELA_BROKER_PASSWORD": "secret",
      ])
    #expect(code == 77 && err.contains("access-refused"), "\(err)")
    #expect(Date().timeIntervalSince(start) < 30)
    #expect(try await Self.depth(service) == 0)
  }

  @Test func `A message that the broker finds too large is a named error, not a silent wait`()
    async throws
  {
    let service = try Self.service()
    let path = service.folder.appendingPathComponent("large").path
    _ = FileManager.default.createFile(atPath: path, contents: nil)
    #expect(truncate(path, 130 << 20) == 0)
    let (first, _, err) = try service.run(["publish", "--raw", path])
    #expect(first == 65 && err.contains("--no-validate"), "\(err)")
    let start = Date()
    let (code, _, why) = try service.run(
      ["publish", "--raw", "--no-validate", "--timeout", "60", path])
    #expect(code == 65 && why.contains("message-too-large"), "\(why)")
    #expect(Date().timeIntervalSince(start) < 60)
    #expect(try await Self.depth(service) == 0)
  }

  @Test func `With --wait it says what the service made of each event`() async throws {
    let service = try ServiceProcess(brokerURL: try #require(TestBroker.url))
    try service.start()
    let many = try service.run(["publish", "--generate", "450", "--wait", "--timeout", "60"])
    #expect(many.0 == 0 && many.1.contains("accepted 450"), "\(many)")
    let path = try service.file("one.json", TestEvents.body("same"))
    let other = try service.file(
      "two.json", TestEvents.body("same", more: ",\"origin\":\"x\"") + TestEvents.body("other"))
    #expect(try service.run(["publish", "--wait", path]).0 == 0)
    let (again, out, _) = try service.run(["publish", "--wait", path])
    #expect(again == 0 && out.contains("1 were known already"), "\(out)")
    let (code, text, err) = try service.run(["publish", "--wait", other])
    #expect(code == 65 && err.contains("same: id-conflict"), "\(text)\(err)")
    #expect(text.contains("accepted 1") && text.contains("refused 1"), "\(text)")
    #expect(try await service.stop() == 0)
    let (down, _, silence) = try service.run(["publish", "--wait", "--timeout", "1", path])
    #expect(down == 69 && silence.contains("no receipt came"), "\(silence)")
    let queues = try TestBroker.control.run("list_queues", "name")
    #expect(!queues.contains("receipts.\(service.prefix)"), "\(queues)")
  }
}
