import Foundation
import Testing

/// Whatever the service says to people by a code or a line, the handbook explains.
@Suite("The handbook explains every code and warning")
struct HandbookCodeTests {
  let tree: SourceTree

  init() throws {
    tree = try SourceTree()
  }

  @Test func `Every reason code stands in the table of statuses and in troubleshooting`() throws {
    let codes = try text("Sources/Messages/ReasonCode.swift")
      .matches(of: /= ReasonCode\("([a-z-]+)"\)/).map { String($0.output.1) }
    #expect(codes.count >= 39)
    for page in ["statuses.md", "trouble.md"] {
      let explained = Set(Pages.code(try text("deploy/handbook/\(page)")))
      #expect(codes.filter { !explained.contains($0) } == [], "\(page)")
    }
  }

  @Test func `Every exit code stands in both tables`() throws {
    var codes: Set<String> = []
    for match in try text("Sources/Commands/CommandFailure.swift").matches(of: /case \w+ = (\d+)/) {
      codes.insert(String(match.output.1))
    }
    for file in tree.sources {
      for line in file.lines where line.contains("exitCode: ") {
        for match in line.matches(of: /exitCode: (\d+)/) { codes.insert(String(match.output.1)) }
      }
    }
    #expect(codes.count >= 10)
    for page in ["operating.md", "trouble.md"] {
      let rows = try text("deploy/handbook/\(page)")
      #expect(codes.filter { !rows.contains("\n| \($0) | ") } == [], "\(page)")
    }
  }

  @Test
  func `Every warning and error that is logged stands in troubleshooting, word for word`() throws {
    let explained = Set(Pages.code(try text("deploy/handbook/trouble.md")))
    var count = 0
    for file in tree.sources {
      for sentence in Self.warnings(file) {
        count += 1
        if !explained.contains(sentence) { Issue.record("\(file) logs: \(sentence)") }
      }
    }
    #expect(count >= 35)
  }

  /// The sentences that a file logs at the level warning or above. What is put together where it
  /// is logged was handed on by a function whose caller has the sentence.
  static func warnings(_ file: SourceTree.File) -> [String] {
    guard file.lines.contains(where: { $0.contains("logger.") || $0.contains("warn(") }) else {
      return []
    }
    let source = file.lines.joined(separator: "\n")
    let lines = /logger\.(?:warning|error|critical)\(\s*("""[\s\S]*?"""|"[^"\n]*")/
    var literals = source.matches(of: lines).map { String($0.output.1) }
    if file.target == "Node" {
      // There it logs; in Commands it speaks on standard error.
      literals += source.matches(of: /[^.\w]warn\(\s*("[^"\n]*")/).map { String($0.output.1) }
    }
    return literals.filter { !$0.contains("\\(") }.map { literal in
      literal
        .trimmingCharacters(in: CharacterSet(charactersIn: "\""))
        .replacing(/\\\n\s*/, with: "")
        .trimmingCharacters(in: .whitespacesAndNewlines)
    }
  }

  private func text(_ path: String) throws -> String {
    try String(contentsOf: tree.root.appendingPathComponent(path), encoding: .utf8)
  }
}
