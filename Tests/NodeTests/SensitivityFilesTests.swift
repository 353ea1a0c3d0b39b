import Foundation
import JSON
import Logging
import Synchronization
import Templates
import Testing

@testable import Node

@Suite("What a folder of templates and a store's versions say of sensitive events")
struct SensitivityFilesTests {
  private let folder: URL

  init() throws {
    folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("sensitivity-\(UInt64.random(in: 0...UInt64.max))")
    for name in ["templates", "store/templates"] {
      try FileManager.default.createDirectory(
        at: folder.appendingPathComponent(name), withIntermediateDirectories: true)
    }
  }

  private func files(_ type: String, _ more: String) -> TemplateFiles {
    let yaml =
      "eventType: \(type)\nchannel: sms\npublishedAt: 2026-01-01T00:00:00Z\nfrom: Shop\n" + more
    let sample = """
      {"id":"1","type":"\(type)","channel":"sms","mobilePhone":"+4670000000","ctx":{"code":"1"}}
      """
    return TemplateFiles(
      name: "\(type).sms",
      files: [
        TemplateFile(name: "template.yaml", bytes: Array(yaml.utf8)),
        TemplateFile(name: "text.mustache", bytes: Array("{{ctx.code}}".utf8)),
        TemplateFile(name: "sample.json", bytes: Array(sample.utf8)),
      ])
  }

  private func write(_ type: String, _ more: String = "") throws {
    let files = files(type, more)
    let own = folder.appendingPathComponent("templates/\(files.name)")
    try FileManager.default.createDirectory(at: own, withIntermediateDirectories: true)
    for file in files.files {
      try Data(file.bytes).write(to: own.appendingPathComponent(file.name))
    }
  }

  /// The version.
  @discardableResult
  private func keep(_ type: String, _ more: String = "", damaged: Bool = false) throws -> String {
    let template = try Template(files(type, more))
    var writer = ByteWriter(capacity: 1_024)
    template.archive(into: &writer)
    var bytes = writer.array()
    if damaged, let place = bytes.lastIndex(of: UInt8(ascii: "S")) { bytes[place] ^= 1 }
    let file = "store/templates/\(template.version).json"
    try Data(bytes).write(to: folder.appendingPathComponent(file))
    return template.version
  }

  private func read() -> Sensitivity {
    Sensitivity.read(
      templatesPaths: [folder.appendingPathComponent("templates").path],
      storePath: folder.appendingPathComponent("store").path)
  }

  private func remove() { try? FileManager.default.removeItem(at: folder) }

  @Test func `Present templates and versions of long ago count alike`() throws {
    defer { remove() }
    try write("order")
    let order = try keep("order")
    #expect(read().hidesNothing)
    let old = try keep("code", "sensitive: true\n")
    #expect(read().reason(type: "code") == .template("code.sms"))
    #expect(read().reason(type: "order", pinned: [("order.sms", order)]) == nil)
    // The template has changed since, and is no longer sensitive: what it was goes on.
    try write("code")
    #expect(read().reason(type: "code", pinned: [("code.sms", old)]) == .template("code.sms"))
    // New in the folder, and not seen by any service yet.
    try write("reset", "sensitive: true\n")
    #expect(read().reason(type: "reset") == .template("reset.sms"))
    // Of a type that only the store still knows.
    try keep("parcel")
    #expect(read().reason(type: "parcel") == nil)
    #expect(read().reason(type: "parcels") == .unknownType("parcels"))
  }

  @Test
  func `A version that is damaged hides everything: it may have been a sensitive one`() throws {
    defer { remove() }
    try write("order")
    try keep("order")
    let version = try keep("code", damaged: true)
    guard case .unreadable(let name) = read().reason(type: "order") else {
      Issue.record("it is shown")
      return
    }
    #expect(name.hasSuffix("\(version).json"))
  }

  @Test func `Without templates and without a store everything is hidden`() throws {
    remove()
    #expect(read().reason(type: "order") == .noTemplates)
    #expect(read().reason(type: nil) == .noTemplates)
  }

  @Test func `A file that cannot be read as a template's hides everything`() throws {
    defer { remove() }
    try write("order")
    #expect(read().hidesNothing)
    let yaml = folder.appendingPathComponent("templates/order.sms/template.yaml")
    try FileManager.default.removeItem(at: yaml)
    try FileManager.default.createSymbolicLink(
      atPath: yaml.path, withDestinationPath: "nowhere")
    guard case .unreadable = read().reason(type: "order") else {
      Issue.record("it is shown")
      return
    }
  }
}

@Suite("A notice of what was revealed")
struct RevealNoticeTests {
  private let notice = RevealNotice(
    command: "events show", subject: "event \"o\u{1b}-1\"", user: "anna", host: "adm-1")

  @Test func `It arrives as it was sent, and fits into a request whatever it is about`() {
    #expect(RevealNotice(Array(notice.request.dropLast())) == notice)
    #expect(notice.request.last == 0x0A && notice.request.dropLast().allSatisfy { $0 != 0x0A })
    let long = String(repeating: "\u{1}", count: 9_000)
    let largest = RevealNotice(command: long, subject: long, user: long, host: long)
    #expect(largest.request.count <= ControlProtocol.maxLineBytes)
    #expect(RevealNotice(Array(largest.request.dropLast())) != nil)
  }

  @Test func `Other requests are none, and it is none of theirs`() {
    for line in [#"{"command":"redrive","eventId":"o-1"}"#, "", "{", "[]", "7"] {
      #expect(RevealNotice(Array(line.utf8)) == nil)
    }
    #expect(ControlProtocol.request(Array(notice.request.dropLast())) == nil)
  }

  @Test func `It is logged whatever the level of the log is`() {
    let lines = LogLines()
    var logger = Logger(label: "test") { _ in KeptLines(lines: lines) }
    logger.logLevel = .critical
    notice.log(logger)
    let all = lines.all
    #expect(all.count == 1)
    for part in ["anna", "adm-1", "events show", "o\u{1b}-1", "notice"] {
      #expect(all.first?.contains(part) == true)
    }
  }
}

private final class LogLines: Sendable {
  private let lines = Mutex<[String]>([])

  var all: [String] { lines.withLock { $0 } }

  func add(_ line: String) { lines.withLock { $0.append(line) } }
}

private struct KeptLines: LogHandler {
  let lines: LogLines
  var metadata: Logger.Metadata = [:]
  var logLevel = Logger.Level.info

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    let fields = (event.metadata ?? [:]).map { "\($0.key)=\($0.value)" }.sorted()
    lines.add("\(event.level) \(event.message) \(fields.joined(separator: " "))")
  }
}
