import Foundation
import JSON

/// All commands that the program has, by its own word, and how each is run over secret events. A
/// command that is not here makes the test fail: say what it prints of events, and run it.
enum EveryCommand {
  /// As `events show`; those that only hold others are left out.
  static func names(_ service: ServiceProcess) throws -> [String] {
    let (_, json, _) = try service.run(["--experimental-dump-help"])
    let parser = JSONParser(maxDepth: 64, maxBytes: 64 << 20)
    return try parser.withDocument(Array(json.utf8)) { root in
      guard let command = root["command"] else { return [] }
      return leaves(command, []).filter { $0 != "help" && !$0.hasSuffix(" help") }
    }
  }

  private static func leaves(_ command: JSONValue, _ above: [String]) -> [String] {
    guard let inner = command["subcommands"], inner.count > 0 else {
      return [above.joined(separator: " ")]
    }
    return inner.elements.flatMap { child in
      leaves(child, above + [child["commandName"]?.asString?.string ?? "?"])
    }
  }

  /// Runs of every command but those that go on until they are stopped, which are under way
  /// already: `serve`, `watch`, `deliver`.
  static func runs(_ events: SecretEvents) throws -> [(name: String, arguments: [[String]])] {
    let service = events.service
    let broken = try service.file("broken.json", #"{"id":"x","ctx":{"\#(SecretEvents.secret)",1}}"#)
    let bad = try service.file(
      "bad.json", SecretEvents.event("bad").replacingOccurrences(of: "elsa@", with: "elsa"))
    let good = try service.file("good.json", SecretEvents.event("good"))
    let old = service.more["MEDDELA_TEMPLATES_PATH"] ?? ""
    let new = try changed(old, service.folder)
    let backup = service.folder.appendingPathComponent("backup").path
    let restored = "store.path=\(service.folder.path)/restored"
    let salvaged = service.folder.appendingPathComponent("salvaged").path
    let held = [["list", "--json"], ["list"], ["show", "--limit", "50"], ["show", "--json"]]
    let dry = ["--all", "--dry-run", "--json"]
    let each = SecretEvents.stored
    return [
      ("publish", [[broken], [bad], ["--no-validate", "--wait", bad], ["--raw", broken]]),
      (
        "events show",
        each.flatMap { [[$0], [$0, "--json"], [$0, "--content"]] }
          + each.map { [$0, "--content", "--json"] }
      ),
      (
        "events list",
        [
          [], ["--json"], ["--count"], ["--to", "elsa@example.se", "--json"],
          ["--past-damage", "--json"],
        ]
      ),
      ("events explain", each.flatMap { [[$0], [$0, "--json"]] }),
      ("events redrive", [["--status", "not-covered", "--json"], ["c-missing"]]),
      ("events resend", [["c-later"], ["c-later", "--json"]]),
      ("events cancel", [["c-later"]]),
      ("events reconcile", [[], ["--json"]]),
      ("templates check", [[], ["--json"]]),
      (
        "templates preview",
        [
          ["login_code.email", "--event", good], ["login_code.email", "--event", good, "--json"],
          ["login_code.sms", "--event", good], ["login_code.email", "--event", broken],
        ]
      ),
      ("templates match", [[good], [good, "--json"], [broken]]),
      (
        "templates diff",
        [
          [old, new], [old, new, "--json"], ["--store", new], ["--store", new, "--json"],
          [old, new, "--file", good, "--json"], [old, new, "--file", broken],
        ]
      ),
      ("topology plan", [[]]), ("topology apply", [[]]), ("topology verify", [[]]),
      ("parked list", [[], ["--json"]]), ("parked show", Array(held[2...])),
      ("parked replay", [dry, ["--reason", "not-json", "--json"]]), ("parked discard", [dry]),
      ("unrouted list", [[], ["--json"]]), ("unrouted show", Array(held[2...])),
      ("unrouted replay", [dry]), ("unrouted discard", [dry]),
      ("shards list", [[], ["--json"]]), ("shards adopt", [["--dry-run"]]),
      ("store verify", [[], ["--json"]]), ("store stat", [[], ["--json"]]),
      ("store confirm-clock", [[], ["--json"]]),
      ("store export", [[], ["--format", "csv"], ["--past-damage"]]),
      ("store backup", [[backup]]), ("store restore", [[backup, "--set", restored]]),
      ("store salvage", [["--set", restored, "--to", salvaged], ["--to", salvaged, "--json"]]),
      ("config show", [[], ["--json"]]),
    ]
  }

  /// The same templates with another text.
  private static func changed(_ folder: String, _ place: URL) throws -> String {
    let new = place.appendingPathComponent("new-templates")
    try FileManager.default.copyItem(at: URL(fileURLWithPath: folder), to: new)
    for name in ["login_code.email", "order_confirmation.email.sv"] {
      let file = new.appendingPathComponent("\(name)/text.mustache")
      let text = try String(contentsOf: file, encoding: .utf8)
      try text.replacingOccurrences(of: "{{ctx", with: "! {{ctx")
        .write(to: file, atomically: true, encoding: .utf8)
    }
    return new.path
  }
}
