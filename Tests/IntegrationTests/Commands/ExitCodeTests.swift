import Foundation
import Testing

/// Needs no broker: each of these mistakes is found before one is looked for.
@Suite("The same mistake has the same exit code in all commands", .timeLimit(.minutes(5)))
struct ExitCodeTests {
  private let service: ServiceProcess
  /// A file with one event, and an empty folder.
  private let event: String
  private let folder: String

  init() throws {
    service = try ServiceProcess(brokerURL: "amqp://127.0.0.1:1")
    event = try service.file("one.json", TestEvents.body("one"))
    folder = service.folder.appendingPathComponent("empty").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  }

  private var templates: String {
    ServiceProcess.repository.appendingPathComponent("deploy/sample/templates").path
  }

  private var offline: [[String]] {
    [
      ["config", "show"], ["events", "list"], ["events", "show", "x"], ["events", "explain", "x"],
      ["events", "redrive", "x"], ["events", "resend", "x"], ["events", "reconcile"],
      ["store", "verify"], ["store", "stat"], ["store", "export"], ["store", "backup", folder],
      ["store", "restore", folder], ["templates", "check"], ["templates", "check", templates],
      ["templates", "preview", "order_confirmation.email.en"],
      ["templates", "preview", "\(templates)/order_confirmation.email.en"],
      ["templates", "match", event], ["templates", "diff", templates, templates],
      ["topology", "plan"], ["events", "cancel", "x"],
    ]
  }

  private var online: [[String]] {
    [
      ["serve"], ["publish", event], ["publish", "--raw", event], ["publish", "--generate", "1"],
      ["watch"], ["deliver"], ["topology", "apply"], ["topology", "verify"], ["parked", "list"],
      ["parked", "show", "x"], ["parked", "replay", "--all"], ["parked", "discard", "--all"],
      ["unrouted", "list"], ["unrouted", "show", "x"], ["unrouted", "replay", "--all"],
      ["unrouted", "discard", "--all"], ["shards", "list"], ["shards", "adopt"],
    ]
  }

  private func expect(
    _ code: Int32, _ commands: [[String]], _ more: [String], saying words: String
  ) throws {
    for command in commands {
      let (found, _, err) = try service.run(command + more)
      #expect(found == code && err.contains(words), "\(command + more): \(found) \(err)")
    }
  }

  @Test func `A configuration that is wrong is 78`() throws {
    let commands = offline + online
    try expect(78, commands, ["--set", "nope=1"], saying: "nope: no such key")
    try expect(78, commands, ["--set", "realtime.prefetch=0"], saying: "--set: realtime.prefetch")
    try expect(78, commands, ["--config", "/no/such/file"], saying: "/no/such/file")
    try expect(78, commands, ["--config", folder], saying: folder)
    try expect(78, commands, ["--set", "broker.urls=http://x"], saying: "--set: broker.urls")
    try expect(
      78, commands, ["--set", "broker.tls.caFile=\(folder)"], saying: "--set: broker.tls.caFile")
    try expect(78, commands, ["--set", "store.path="], saying: "--set: store.path")
  }

  @Test func `An input file that is not there, or is a folder, is 66`() throws {
    for path in ["/no/such/file", folder] {
      for command in [
        ["publish", path], ["publish", "--raw", path], ["templates", "match", path],
        ["templates", "preview", "order_confirmation.email.en", "--event", path],
        ["templates", "diff", templates, templates, "--file", path],
      ] {
        try expect(66, [command], [], saying: path)
      }
    }
  }

  @Test func `A folder of templates that is not there, or is a file, is 66`() throws {
    let commands = [
      ["serve"], ["templates", "check"], ["templates", "match", event],
      ["templates", "preview", "order_confirmation.email.en"], ["topology", "plan"],
      ["topology", "apply"], ["topology", "verify"],
    ]
    for path in ["/no/such/folder", event] {
      try expect(66, commands, ["--set", "templates.path=\(path)"], saying: path)
      try expect(
        66,
        [
          ["templates", "check", path], ["templates", "diff", path, templates],
          ["templates", "diff", templates, path],
        ], [], saying: path)
    }
  }

  @Test func `A store that is not there, or is a file, is 66 for whoever reads it`() throws {
    let commands = [
      ["events", "list"], ["events", "show", "x"], ["events", "explain", "x"],
      ["events", "redrive", "x"], ["events", "resend", "x"], ["events", "reconcile"],
      ["store", "verify"], ["store", "stat"], ["store", "export"],
      ["store", "backup", "\(folder)/backup"], ["templates", "diff", "--store", templates],
    ]
    for path in ["/no/such/store", event, folder] {
      try expect(66, commands, ["--set", "store.path=\(path)"], saying: path)
    }
    for path in ["/no/such/backup", event, folder] {
      try expect(
        66, [["store", "restore", path]], ["--set", "store.path=\(folder)/new"], saying: path)
    }
  }

  @Test func `Where a store cannot be made it is 73`() throws {
    for path in [event, "\(event)/data"] {
      try expect(73, [["serve"]], ["--set", "store.path=\(path)"], saying: path)
    }
  }

  @Test func `The end of a start is said in the form of its log`() throws {
    let file = try service.file("bad.yaml", "log:\n  format: json\nnope: 1\n")
    let (code, _, err) = try service.shell(
      "unset MEDDELA_LOG_FORMAT; $meddela serve --config \(file)")
    #expect(code == 78)
    let object = try JSONSerialization.jsonObject(with: Data(err.utf8)) as? [String: Any]
    #expect(object?["exit.code"] as? Int == 78)
    #expect((object?["message"] as? String)?.contains("bad.yaml:3: nope") == true, "\(err)")
    let text = try service.file("text.yaml", "log:\n  format: text\nnope: 1\n")
    let (second, _, words) = try service.shell(
      "unset MEDDELA_LOG_FORMAT; $meddela serve --config \(text)")
    #expect(second == 78 && words.hasPrefix("meddela: "), "\(words)")
  }
}
