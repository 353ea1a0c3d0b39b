import Foundation
import Testing

/// A command of the program that goes on while the test does other things.
final class RunningCommand {
  private let process = Process()
  private let outPath: String
  private let errPath: String

  init(
    _ service: ServiceProcess, _ arguments: [String], _ more: [String: String] = [:]
  ) throws {
    let name = "\(UInt64.random(in: 0..<(1 << 60)))"
    outPath = service.folder.appendingPathComponent("\(name).out").path
    errPath = service.folder.appendingPathComponent("\(name).err").path
    process.executableURL = ServiceProcess.program
    process.arguments = arguments
    process.environment = service.environment.merging(more) { _, new in new }
    process.currentDirectoryURL = service.folder
    var handles: [FileHandle] = []
    for path in [outPath, errPath] {
      _ = FileManager.default.createFile(atPath: path, contents: nil)
      handles.append(try FileHandle(forWritingTo: URL(fileURLWithPath: path)))
    }
    process.standardOutput = handles[0]
    process.standardError = handles[1]
    process.standardInput = FileHandle.nullDevice
    try process.run()
    for handle in handles { try handle.close() }
  }

  deinit {
    if process.isRunning {
      Foundation.kill(process.processIdentifier, SIGKILL)
      process.waitByLooking()
    }
  }

  var out: String { (try? String(contentsOfFile: outPath, encoding: .utf8)) ?? "" }
  var err: String { (try? String(contentsOfFile: errPath, encoding: .utf8)) ?? "" }
  var isRunning: Bool { process.isRunning }

  /// Waits for the end, and returns the exit code.
  func end(seconds: Double = 60) async throws -> Int32 {
    try await eventually("the command ends", seconds: seconds) { !process.isRunning }
    return process.terminationStatus
  }

  func interrupt() {
    Foundation.kill(process.processIdentifier, SIGTERM)
  }
}

extension ServiceProcess {
  /// Runs a line of shell in the test's folder; `$meddela` is the program.
  func shell(_ line: String, _ more: [String: String] = [:]) throws -> (Int32, String, String) {
    var environment = environment.merging(more) { _, new in new }
    environment["meddela"] = Self.program.path
    return try Command.run(
      "/bin/sh", ["-c", "cd '\(folder.path)' && \(line)"], environment, in: folder)
  }

  /// A file in the test's folder; its path.
  func file(_ name: String, _ text: String) throws -> String {
    let path = folder.appendingPathComponent(name).path
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    return path
  }
}
