import Foundation
import Testing

/// `Tests/Scripts/clients-test` runs the programs in Tests/Contract/clients. What the handbook
/// shows of them is what stands between two comments of each.
@Suite("What the handbook shows is what is run")
struct HandbookTests {
  let root: URL

  init() throws {
    root = try SourceTree().root
  }

  @Test
  func `The page on producers shows a snippet of every client program, word for word`() throws {
    let page = try text("deploy/handbook/producers.md")
    let folder = root.appendingPathComponent("Tests/Contract/clients").path
    let names = try FileManager.default.contentsOfDirectory(atPath: folder)
      .filter { !$0.hasPrefix("_") }.sorted()
    #expect(names.count >= 13)
    for name in names {
      let lines = try text("Tests/Contract/clients/\(name)").components(separatedBy: "\n")
      let snippet = Self.snippet(lines)
      #expect(!snippet.isEmpty, "\(name) has nothing between handbook: begin and handbook: end")
      let shown = "\n" + snippet.joined(separator: "\n") + "\n"
      #expect(page.contains(shown), "producers.md does not show what \(name) does:\(shown)")
    }
  }

  @Test func `The README is for five minutes: at most 200 lines`() throws {
    #expect(try text("README.md").split(separator: "\n").count <= 200)
  }

  /// The lines between the comments, without what all of them are indented by. A tab is four
  /// blanks, as in the page.
  static func snippet(_ lines: [String]) -> [String] {
    guard let first = lines.firstIndex(where: { $0.hasSuffix(" handbook: begin") }),
      let last = lines.firstIndex(where: { $0.hasSuffix(" handbook: end") }), first < last
    else { return [] }
    let found = lines[(first + 1)..<last].map {
      $0.replacingOccurrences(of: "\t", with: "    ")
    }
    let indentation =
      found.filter { !$0.isEmpty }.map { $0.prefix { $0 == " " }.count }.min() ?? 0
    return found.map { String($0.dropFirst(indentation)) }
  }

  private func text(_ path: String) throws -> String {
    try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
  }
}
