import Foundation

/// The Markdown pages of the repository, and what they refer to.
struct Pages {
  struct Page {
    /// From the repository's root: `deploy/handbook/limits.md`.
    var path: String
    var text: String
  }

  struct Link: Hashable {
    /// As it stands there; empty for a place on the same page.
    var target: String
    /// Behind the `#`; empty for none.
    var anchor: String
  }

  let root: URL
  let all: [Page]

  init(root: URL) throws {
    self.root = root
    var paths = ["README.md"]
    for folder in ["Sources", "Tests", "deploy", "schemas"] {
      let base = root.appendingPathComponent(folder).path
      for case let name as String in FileManager.default.enumerator(atPath: base) ?? .init()
      where name.hasSuffix(".md") {
        paths.append("\(folder)/\(name)")
      }
    }
    all = try paths.sorted().map { path in
      Page(
        path: path,
        text: try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8))
    }
  }

  subscript(path: String) -> Page? { all.first { $0.path == path } }

  /// The links of a page, but those to the world outside.
  static func links(_ page: Page) -> [Link] {
    prose(page.text).matches(of: /\]\(([^)#\s]*)(#[^)\s]*)?\)/).compactMap { match in
      let target = String(match.output.1)
      if target.contains("://") { return nil }
      return Link(target: target, anchor: String(match.output.2?.dropFirst() ?? ""))
    }
  }

  /// The places on a page that a link can name: its headings, written as GitHub writes them.
  static func anchors(_ page: Page) -> Set<String> {
    var result: Set<String> = []
    for line in prose(page.text).split(separator: "\n") where line.hasPrefix("#") {
      let heading = line.drop { $0 == "#" }.trimmingCharacters(in: .whitespaces).lowercased()
      let kept = heading.filter { $0.isLetter || $0.isNumber || " -_".contains($0) }
      result.insert(kept.replacingOccurrences(of: " ", with: "-"))
    }
    return result
  }

  /// What stands between backticks on one line, outside code blocks.
  static func code(_ text: String) -> [String] {
    prose(text).matches(of: /`([^`\n]+)`/).map { String($0.output.1) }
  }

  /// A page without its code blocks.
  static func prose(_ text: String) -> String {
    text.replacing(/(?m)^```[\s\S]*?^```/, with: "")
  }
}
