import Foundation
import Testing

@Suite(
  "What a service refuses, and how it says so",
  .enabled(if: TestBroker.isThere, Comment(rawValue: TestBroker.reason)),
  .timeLimit(.minutes(5)))
struct RefusalTests {
  private func refusal(
    _ environment: [String: String], _ arguments: [String] = []
  ) throws -> (Int32, String) {
    let service = try ServiceProcess(brokerURL: try #require(TestBroker.url))
    let (code, _, err) = try service.run(["serve"] + arguments, environment)
    return (code, err)
  }

  @Test func `An unknown key is named, with the nearest that exists`() throws {
    let (code, text) = try refusal(["MEDDELA_BROKER_URL": "amqp://127.0.0.1"])
    #expect(code == 78)
    #expect(text.contains("MEDDELA_BROKER_URL"))
    let (second, hint) = try refusal([:], ["--set", "broker.hearbeatSeconds=3"])
    #expect(second == 78)
    #expect(hint.contains("broker.heartbeatSeconds"))
    let (third, none) = try refusal([:], ["--set", "nope=1"])
    #expect(third == 78)
    #expect(none.contains("nope: no such key") && !none.contains("nearest"), "\(none)")
  }

  @Test func `A value out of range is named with what was expected`() throws {
    let (code, text) = try refusal(["MEDDELA_REALTIME_PREFETCH": "0"])
    #expect(code == 78)
    #expect(text.contains("realtime.prefetch"))
    #expect(text.contains("1 to 2000"))
  }

  @Test func `A configuration file's mistake is named with its line`() throws {
    let service = try ServiceProcess(brokerURL: try #require(TestBroker.url))
    let file = service.folder.appendingPathComponent("bad.yaml")
    try "store:\n  path: x\n  pth: y\n".write(to: file, atomically: true, encoding: .utf8)
    let (code, _, text) = try service.run(["config", "show", "--config", file.path])
    #expect(code == 78)
    #expect(text.contains("bad.yaml:3"))
  }

  @Test func `A wrong password is refused at once`() throws {
    let (code, text) = try refusal([
      "MEDDELA_BROKER_URLS": TestBroker.url?.replacingOccurrences(
        of: "guest:guest@", with: "") ?? "",
      "MEDDELA_BROKER_PASSWORD": "wrong",
    ])
    #expect(code == 77)
    #expect(text.contains("access-refused"))
  }

  @Test func `A template with a mistake is refused with its file`() throws {
    let service = try ServiceProcess(brokerURL: try #require(TestBroker.url))
    let folder = service.folder.appendingPathComponent("templates/bad.email")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try "eventType: bad\nchanel: email\n".write(
      to: folder.appendingPathComponent("template.yaml"), atomically: true, encoding: .utf8)
    let path = service.folder.appendingPathComponent("templates").path
    let (code, _, text) = try service.run(["serve"], ["MEDDELA_TEMPLATES_PATH": path])
    #expect(code == 65)
    #expect(text.contains("bad.email/template.yaml:2"))
  }

  @Test func `A second process on the same store is refused, and the first goes on`() async throws {
    let service = try ServiceProcess(brokerURL: try #require(TestBroker.url))
    try service.start()
    try await service.waitUntilConsuming()
    let (code, _, text) = try service.run(["serve"])
    #expect(code == 75)
    #expect(text.contains("locked"))
    #expect(try await service.stop() == 0)
  }
}
