import Foundation
import Testing

extension ServiceProcess {
  /// The schemas are checked by a validator that knows nothing of this program.
  func checkSchema(_ kind: String, _ messages: [String]) throws {
    #expect(!messages.isEmpty)
    let file = folder.appendingPathComponent("\(kind).ndjson")
    try messages.joined(separator: "\n").write(to: file, atomically: true, encoding: .utf8)
    let checker = Self.repository
      .appendingPathComponent("Tests/Contract/check_schemas.py").path
    let (code, out, err) = try Command.run(
      "/usr/bin/env", ["python3", checker, "--kind", kind, file.path],
      ProcessInfo.processInfo.environment, in: folder)
    #expect(code == 0, "\(out)\(err)")
  }
}
