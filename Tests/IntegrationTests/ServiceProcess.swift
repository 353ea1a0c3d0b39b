import Foundation
import Testing

/// The real program as a process of its own, with a store and names of its own.
final class ServiceProcess {
  let prefix: String
  let folder: URL
  let brokerURL: String
  private(set) var process: Process?
  private(set) var exitCodes: [Int32] = []
  /// More of the environment, or other, for the service and all commands.
  var more: [String: String] = [:]
  /// Where it answers HTTP, when it was started to.
  private(set) var httpPort = 0

  init(brokerURL: String, prefix: String = "t\(UInt64.random(in: 0..<(1 << 48)))") throws {
    self.brokerURL = brokerURL
    self.prefix = prefix
    folder = URL(fileURLWithPath: "/var/tmp/meddela-\(prefix)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  deinit {
    kill()
    try? FileManager.default.removeItem(at: folder)
  }

  static let repository = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// The program, built beside the tests; another build of it for a comparison.
  static let program: URL = {
    if let other = ProcessInfo.processInfo.environment["MEDDELA_TEST_PROGRAM"] {
      return URL(fileURLWithPath: other)
    }
    let own = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    let beside = own.deletingLastPathComponent().appendingPathComponent("meddela")
    if FileManager.default.isExecutableFile(atPath: beside.path) { return beside }
    return repository.appendingPathComponent(".build/debug/meddela")
  }()

  var storePath: String { folder.appendingPathComponent("data").path }

  var environment: [String: String] {
    var environment = ProcessInfo.processInfo.environment
    environment = environment.filter { !$0.key.hasPrefix("MEDDELA_") }
    environment["MEDDELA_BROKER_URLS"] = brokerURL
    environment["MEDDELA_TOPOLOGY_PREFIX"] = prefix
    environment["MEDDELA_STORE_PATH"] = storePath
    environment["MEDDELA_TEMPLATES_PATH"] =
      Self.repository.appendingPathComponent("deploy/sample/templates").path
    environment["MEDDELA_HTTP_PORT"] = "0"
    environment["MEDDELA_LOG_FORMAT"] = "text"
    environment["SWIFT_BACKTRACE"] = "enable=no"
    return environment.merging(more) { _, new in new }
  }

  var logPath: String { folder.appendingPathComponent("serve.log").path }
  var log: String { (try? String(contentsOfFile: logPath, encoding: .utf8)) ?? "" }

  /// Starts `meddela serve`; its log goes to a file.
  func start(_ more: [String: String] = [:], servesHTTP: Bool = false) throws {
    var more = more
    if servesHTTP {
      httpPort = try FreePort.find()
      more["MEDDELA_HTTP_PORT"] = "\(httpPort)"
    }
    let process = Process()
    process.executableURL = Self.program
    process.arguments = ["serve"]
    process.environment = environment.merging(more) { _, new in new }
    if !FileManager.default.fileExists(atPath: logPath) {
      _ = FileManager.default.createFile(atPath: logPath, contents: nil)
    }
    let log = try FileHandle(forWritingTo: URL(fileURLWithPath: logPath))
    try log.seekToEnd()
    process.standardError = log
    process.standardOutput = log
    process.standardInput = FileHandle.nullDevice
    try process.run()
    try log.close()
    self.process = process
  }

  /// Waits until the newest start consumes.
  func waitUntilConsuming(starts: Int = 1) async throws {
    try await eventually("the service consumes") {
      self.log.components(separatedBy: "Consuming").count > starts
    }
  }

  func kill() {
    guard let process, process.isRunning else { return }
    Foundation.kill(process.processIdentifier, SIGKILL)
    process.waitByLooking()
  }

  /// SIGTERM, and the exit code.
  func stop() async throws -> Int32 {
    guard let process else { return -1 }
    Foundation.kill(process.processIdentifier, SIGTERM)
    try await eventually("the service stops") { !process.isRunning }
    return process.terminationStatus
  }

  /// Runs another command of the program to its end.
  func run(_ arguments: [String], _ more: [String: String] = [:]) throws -> (Int32, String, String)
  {
    try Command.run(
      Self.program.path, arguments, environment.merging(more) { _, new in new }, in: folder)
  }

  /// How many events the store has in a status; also while the service runs.
  func count(_ status: String) throws -> Int {
    let (code, out, err) = try run(["events", "list", "--json", "--status", status])
    #expect(code == 0, "\(err)")
    return out.split(separator: "\n").count
  }
}

/// A program that runs to its end.
enum Command {
  static func run(
    _ path: String, _ arguments: [String], _ environment: [String: String], in folder: URL
  ) throws -> (Int32, String, String) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = arguments
    process.environment = environment
    // Files, not pipes: a full pipe that nobody reads would hold the program.
    let name = "\(UInt64.random(in: 0..<(1 << 60)))"
    let files = ["out", "err"].map { folder.appendingPathComponent("\(name).\($0)") }
    for file in files { _ = FileManager.default.createFile(atPath: file.path, contents: nil) }
    let handles = try files.map { try FileHandle(forWritingTo: $0) }
    process.standardOutput = handles[0]
    process.standardError = handles[1]
    process.standardInput = FileHandle.nullDevice
    try process.run()
    process.waitByLooking()
    // Left to themselves they stay open, and with a thousand open files Foundation's next process
    // reads beyond a directory's entries.
    for handle in handles { try handle.close() }
    let texts = try files.map { try String(contentsOf: $0, encoding: .utf8) }
    for file in files { try? FileManager.default.removeItem(at: file) }
    return (process.terminationStatus, texts[0], texts[1])
  }
}

extension Process {
  /// Waits for the end without a run loop, which a test's thread has none of.
  func waitByLooking() {
    while isRunning { usleep(10_000) }
  }
}

/// Waits for a condition, generously: tests run on loaded machines.
func eventually(
  _ what: String, seconds: Double = 120, _ condition: () async throws -> Bool
) async throws {
  let end = Date().addingTimeInterval(seconds)
  while Date() < end {
    if try await condition() { return }
    try await Task.sleep(for: .milliseconds(50))
  }
  throw Timeout(what: what)
}

struct Timeout: Error, CustomStringConvertible {
  var what: String
  var description: String { "in vain waited until \(what)" }
}
