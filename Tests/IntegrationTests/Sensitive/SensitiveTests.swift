import AMQP
import Foundation
import Testing

@Suite(
  "What is sensitive stays hidden",
  .enabled(if: TestBroker.isThere, Comment(rawValue: TestBroker.reason)),
  .timeLimit(.minutes(10)))
struct SensitiveTests {
  private static let secret = SecretEvents.secret
  private static let logLine = "Sensitive content was revealed"

  /// What may not be in any output: the secret, and a body in base64, which would hide it from us.
  private static func check(_ text: String, _ what: String) {
    for part in [secret, "bodyBase64", "(not UTF-8, base64)"] where text.contains(part) {
      let lines = text.split(separator: "\n").filter { $0.contains(part) }
      Issue.record("\(what) shows \(part): \(lines.first ?? "")")
    }
  }

  private static func waitForWatcher(_ events: SecretEvents) async throws {
    try await eventually("somebody watches") {
      let names = try TestBroker.control.run("list_queues", "name").split(separator: "\n")
      guard let queue = names.first(where: { $0.hasPrefix("\(events.service.prefix).watch.") })
      else { return false }
      return try await events.client.depth(of: String(queue)).consumers == 1
    }
  }

  @Test func `No command and no log shows what a sensitive event holds, whatever became of it`()
    async throws
  {
    let events = try await SecretEvents()
    let service = events.service
    let watching = try RunningCommand(service, ["watch", "--json"])
    let delivering = try RunningCommand(
      service, ["deliver", "--channel", "email", "--channel", "sms", "--json"])
    try await Self.waitForWatcher(events)
    try await events.publish()
    let runs = try EveryCommand.runs(events)
    let underWay = ["serve", "watch", "deliver"]
    let known = Set(runs.map(\.name) + underWay)
    let missing = try EveryCommand.names(service).filter { !known.contains($0) }
    #expect(missing.isEmpty, "say in EveryCommand how these are run over secret events")
    #expect(try EveryCommand.names(service).count >= 30)
    for (name, all) in runs {
      for arguments in all {
        let (_, out, err) = try service.run(name.split(separator: " ").map(String.init) + arguments)
        Self.check(out, "\(name) \(arguments)")
        Self.check(err, "\(name) \(arguments), standard error,")
        #expect(!err.contains(Self.logLine))
      }
    }
    Self.check(await service.get("metrics").text, "/metrics")
    watching.interrupt()
    delivering.interrupt()
    _ = try await (watching.end(), delivering.end())
    #expect(watching.out.contains("c-object") && delivering.out.contains("c-sent"))
    for command in [watching, delivering] { Self.check(command.out + command.err, "a consumer") }
    #expect(try await service.stop() == 0)
    Self.check(service.log, "the service's log")
    #expect(service.log.contains("A message is parked"))
    #expect(!service.log.contains(Self.logLine))
    await events.client.close()
  }

  @Test
  func `What is hidden says so and why; what is not sensitive is shown as ever`() async throws {
    let events = try await SecretEvents()
    let service = events.service
    let delivering = try RunningCommand(
      service, ["deliver", "--channel", "email", "--channel", "sms"])
    try await events.publish()
    let (_, text, _) = try service.run(["events", "show", "c-sent"])
    #expect(
      text.contains("ctx: (hidden: template login_code.email is sensitive; --reveal shows it)"))
    #expect(text.contains("elsa@example.se"))
    let (_, json, _) = try service.run(["events", "show", "c-sms", "--json"])
    #expect(json.contains(#""registrationToken":"t0ken","ctxHidden":true},"history""#), "\(json)")
    for more in [[], ["--json"]] {
      let (code, out, why) = try service.run(["events", "show", "c-later", "--content"] + more)
      #expect(code == 77 && out.isEmpty && why.contains("--reveal shows it"), "\(out)\(why)")
    }
    let (_, unknown, _) = try service.run(["events", "show", "c-unknown"])
    #expect(unknown.contains("no known template is for the type login-kode"), "\(unknown)")
    let (_, parked, _) = try service.run(["parked", "show", "p-quote"])
    #expect(parked.contains("(hidden: "), "\(parked)")
    #expect(parked.contains("$.ctx at byte"), "\(parked)")
    let (_, lines, _) = try service.run(["parked", "list", "--json"])
    #expect(lines.split(separator: "\n").allSatisfy { $0.contains(#""bodyHidden":true"#) })
    let (_, cloud, _) = try service.run(["parked", "show", "p-cloud"])
    #expect(cloud.contains("header ce-hint") && cloud.contains("(hidden)"), "\(cloud)")
    let file = try service.file("code.json", SecretEvents.event("x"))
    let (refused, nothing, why) = try service.run(
      ["templates", "preview", "login_code.email", "--event", file])
    #expect(refused == 77 && nothing.isEmpty && why.contains("--reveal"), "\(nothing)\(why)")
    #expect(try service.run(["templates", "preview", "login_code.email"]).1.contains("000000"))
    // The event that is not sensitive.
    for arguments in [["show", "open-1"], ["show", "open-1", "--json"]] {
      #expect(try service.run(["events"] + arguments).1.contains(SecretEvents.mark))
    }
    #expect(try service.run(["events", "show", "open-1", "--content"]).0 == 0)
    #expect(try service.run(["store", "export"]).1.contains(SecretEvents.mark))
    delivering.interrupt()
    _ = try await delivering.end()
    #expect(try await service.stop() == 0)
    try await afterwards(service)
    await events.client.close()
  }

  /// The templates go, and at last the versions that the store keeps.
  private func afterwards(_ service: ServiceProcess) async throws {
    let folder = URL(fileURLWithPath: service.more["MEDDELA_TEMPLATES_PATH"] ?? "")
    for name in ["login_code.email", "login_code.sms"] {
      try FileManager.default.removeItem(at: folder.appendingPathComponent(name))
    }
    let (_, removed, _) = try service.run(["events", "show", "c-sent"])
    #expect(removed.contains("template login_code.email is sensitive"), "\(removed)")
    try FileManager.default.removeItem(atPath: service.storePath + "/templates")
    for id in ["c-sent", "c-missing", "open-1"] {
      let (_, text, _) = try service.run(["events", "show", id])
      #expect(text.contains("(hidden: ") && !text.contains(Self.secret), "\(text)")
    }
    try FileManager.default.removeItem(at: folder)
    let (_, none, _) = try service.run(["events", "show", "open-1"])
    #expect(none.contains("no templates are known here"), "\(none)")
  }

  @Test
  func `--reveal shows it, and the logs of the command and of the service say so`() async throws {
    let events = try await SecretEvents()
    let service = events.service
    let delivering = try RunningCommand(
      service, ["deliver", "--channel", "email", "--channel", "sms"])
    try await events.publish()
    let runs = try EveryCommand.runs(events)
    let new = service.folder.appendingPathComponent("new-templates").path
    let good = service.folder.appendingPathComponent("good.json").path
    #expect(!runs.isEmpty)
    for (arguments, subject) in [
      (["events", "show", "c-sent"], "event c-sent"),
      (["events", "show", "c-missing", "--json"], "event c-missing"),
      (["events", "show", "c-later", "--content", "--json"], "event c-later"),
      (["store", "export"], "event c-object"),
      (["parked", "show", "p-address"], "parked message p-address"),
      (["parked", "list", "--json"], "parked message p-cut"),
      (["unrouted", "show", "u-2"], "unrouted message u-2"),
      (["unrouted", "list", "--json"], "unrouted message u-1"),
      (["templates", "diff", "--store", new], "event c-sent"),
      (["templates", "preview", "login_code.email", "--event", good], "with template login_code"),
    ] {
      let before = service.log.utf8.count
      let (code, out, err) = try service.run(
        arguments + ["--reveal"], ["MEDDELA_LOG_FORMAT": "json", "MEDDELA_LOG_LEVEL": "error"])
      #expect(code == 0 && out.contains(Self.secret), "\(arguments): \(out)\(err)")
      let said = err.split(separator: "\n").filter { $0.contains(Self.logLine) }
      #expect(said.contains { $0.contains(subject) && $0.hasPrefix("{\"time\":") }, "\(err)")
      // The service has answered before the command showed anything.
      let log = String(decoding: Array(service.log.utf8)[before...], as: UTF8.self)
      let line = log.split(separator: "\n").first {
        $0.contains(Self.logLine) && $0.contains(subject)
      }
      let command = arguments.prefix(2).joined(separator: " ")
      #expect(line?.contains("reveal.command=\(command)") == true, "\(arguments): \(log)")
      #expect(line?.contains("reveal.user=") == true && line?.contains("reveal.host=") == true)
      Self.check(log, "the service's log")
    }
    // Where nothing sensitive is concerned nothing is logged.
    let before = service.log.components(separatedBy: Self.logLine).count
    let (_, out, err) = try service.run(["events", "show", "open-1", "--reveal"])
    #expect(out.contains(SecretEvents.mark) && !err.contains(Self.logLine))
    #expect(service.log.components(separatedBy: Self.logLine).count == before)
    delivering.interrupt()
    _ = try await delivering.end()
    #expect(try await service.stop() == 0)
    let (code, shown, alone) = try service.run(["events", "show", "c-sent", "--reveal"])
    #expect(code == 0 && shown.contains(Self.secret) && alone.contains(Self.logLine))
    await events.client.close()
  }
}
