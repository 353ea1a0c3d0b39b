import Foundation

/// The Swift files of the repository, found from this file's own place in it.
struct SourceTree {
  struct File: CustomStringConvertible {
    /// From the repository's root: `Sources/JSON/ByteWriter.swift`.
    var path: String
    var lines: [String]

    var target: String { path.split(separator: "/").dropFirst().first.map(String.init) ?? "" }
    var description: String { path }
  }

  let root: URL
  let files: [File]

  init(filePath: String = #filePath) throws {
    root = URL(fileURLWithPath: filePath)
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    var files: [File] = []
    for folder in ["Sources", "Tests"] {
      let base = root.appendingPathComponent(folder)
      let found = FileManager.default.enumerator(atPath: base.path)?.allObjects ?? []
      for case let name as String in found where name.hasSuffix(".swift") {
        let text = try String(contentsOf: base.appendingPathComponent(name), encoding: .utf8)
        files.append(
          File(path: "\(folder)/\(name)", lines: text.components(separatedBy: "\n")))
      }
    }
    self.files = files.sorted { $0.path < $1.path }
  }

  var sources: [File] { files.filter { $0.path.hasPrefix("Sources/") } }
}
