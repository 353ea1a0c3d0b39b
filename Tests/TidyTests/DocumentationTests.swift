import Foundation
import Testing

/// What the pages say of the repository is true of it, as far as that can be looked up.
@Suite("The pages name what is there")
struct DocumentationTests {
  let tree: SourceTree
  let pages: Pages

  init() throws {
    tree = try SourceTree()
    pages = try Pages(root: tree.root)
  }

  @Test func `There are pages to look at`() {
    for path in [
      "README.md", "Sources/Maintaining.md", "Sources/Execution/Execution.docc/Invariants.md",
      "Sources/AMQP/AMQP.docc/Connection.md", "Sources/EventLog/EventLog.docc/FileFormat.md",
      "deploy/handbook/trouble.md", "schemas/README.md",
    ] {
      #expect(pages[path] != nil, "\(path)")
    }
  }

  @Test func `Every link leads to a file, and to a heading in it`() {
    for page in pages.all {
      let folder = pages.root.appendingPathComponent(page.path).deletingLastPathComponent()
      for link in Set(Pages.links(page)) {
        let target = folder.appendingPathComponent(link.target).standardizedFileURL
        guard link.target.isEmpty || FileManager.default.fileExists(atPath: target.path) else {
          Issue.record("\(page.path) links to \(link.target)")
          continue
        }
        let path = String(target.path.dropFirst(pages.root.standardizedFileURL.path.count + 1))
        guard !link.anchor.isEmpty, let other = link.target.isEmpty ? page : pages[path] else {
          continue
        }
        if !Pages.anchors(other).contains(link.anchor) {
          Issue.record("\(page.path) links to #\(link.anchor): no heading of \(other.path)")
        }
      }
    }
  }

  /// The design of a program is in its repository, or nobody finds it.
  @Test func `Nothing refers to a document that is not in the repository`() throws {
    let names = Set(pages.all.map { $0.path.split(separator: "/").last.map(String.init) ?? "" })
    let design = "DES" + "IGN"
    // Of a library, and said to be.
    let others: Set = ["tape.md"]
    for (path, text) in try texts(with: [design, ".md"]) {
      for (index, line) in text.components(separatedBy: "\n").enumerated() {
        if line.contains(design) { Issue.record("\(path):\(index + 1) has \(design)") }
        guard line.contains(".md") else { continue }
        for match in line.matches(of: /([A-Za-z0-9_\/.-]*[A-Za-z0-9_-]\.md)\b/) {
          let name = match.output.1.split(separator: "/").last.map(String.init) ?? ""
          let isThere = names.contains(name) || others.contains(name)
          #expect(isThere, "\(path):\(index + 1) names \(match.output.1), which is not here")
        }
      }
    }
  }

  @Test func `Files, tests and scripts that a page names are there`() {
    let named = Set(tree.files.map { $0.path.split(separator: "/").last.map(String.init) ?? "" })
    let suites = Set(
      tree.files.filter { $0.path.hasPrefix("Tests/") }.flatMap { file in
        file.lines.filter { $0.contains("Tests") }.compactMap { line in
          line.firstMatch(of: /^(?:@Suite.* )?(?:struct|enum|final class) (\w+Tests)\b/)
            .map { String($0.output.1) }
        }
      })
    for page in pages.all {
      for code in Pages.code(page.text) {
        if let match = code.wholeMatch(of: /(?:[\w.+-]+\/)*([\w+]+\.swift)/) {
          if code == "Package.swift" { continue }
          let isThere = code.contains("/") ? exists(code) : named.contains(String(match.output.1))
          if !isThere { Issue.record("\(page.path) names \(code)") }
        } else if let match = code.wholeMatch(of: /\w+Tests/) {
          let name = String(match.output)
          let isThere = suites.contains(name) || exists("Tests/\(name)")
          if !isThere { Issue.record("\(page.path) names \(name)") }
        } else if let match = code.firstMatch(of: /(?:deploy|Tests|Sources|schemas)\/[\w.\/+-]+/) {
          let isThere = exists(String(match.output))
          if !isThere { Issue.record("\(page.path) names \(match.output)") }
        }
      }
    }
  }

  @Test
  func `The page of invariants has every check of the simulator and every deliberate break`() throws
  {
    let page = try #require(pages["Sources/Execution/Execution.docc/Invariants.md"])
    let code = Set(Pages.code(page.text))
    let breaks = try text("Sources/Execution/Engine/DeliberateBreaks.swift")
      .matches(of: /static let (\w+) = DeliberateBreaks\(/).map { String($0.output.1) }
    let checks = try text("Sources/Simulation/Violation.swift")
      .matches(of: /\n  case (\w+)/).map { String($0.output.1) }
    #expect(breaks.count >= 28 && checks.count >= 26)
    #expect((breaks + checks).filter { !code.contains($0) } == [])
  }

  @Test func `The page about an event's life has every kind of record with its number`() throws {
    let page = try #require(pages["Sources/Execution/Execution.docc/LifeOfAnEvent.md"])
    let kinds = try text("Sources/Execution/Record/RecordKind.swift")
      .matches(of: /\n  case (\w+) = (\d+)/)
    #expect(kinds.count >= 9)
    let missing = kinds.map { "\n| \($0.output.2) | \($0.output.1) |" }
      .filter { !page.text.contains($0) }
    #expect(missing == [])
  }

  private func exists(_ path: String) -> Bool {
    FileManager.default.fileExists(atPath: pages.root.appendingPathComponent(path).path)
  }

  private func text(_ path: String) throws -> String {
    try String(contentsOf: pages.root.appendingPathComponent(path), encoding: .utf8)
  }

  /// Whatever people wrote (sources, pages, scripts, schemas) that has one of the words.
  private func texts(with words: [String]) throws -> [(path: String, text: String)] {
    var paths = ["README.md", "Package.swift"]
    for folder in ["Sources", "Tests", "deploy", "schemas"] {
      let base = pages.root.appendingPathComponent(folder).path
      for case let name as String in FileManager.default.enumerator(atPath: base) ?? .init()
      // Golden stores and fixtures are bytes.
      where !name.contains("Golden/") && !name.contains("Fixtures/") {
        paths.append("\(folder)/\(name)")
      }
    }
    return paths.compactMap { path in
      let file = pages.root.appendingPathComponent(path)
      guard let data = try? Data(contentsOf: file),
        words.contains(where: { data.range(of: Data($0.utf8)) != nil }),
        let text = String(data: data, encoding: .utf8)
      else { return nil }
      return (path, text)
    }
  }
}
