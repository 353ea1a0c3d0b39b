/// What differs between two texts, line by line.
package struct LineDiff: Equatable, Sendable {
  /// A line of the result, as a unified diff has it.
  package enum Line: Equatable, Sendable {
    case removed(String)
    case added(String)
    /// In both, beside a line that is not.
    case same(String)

    /// With `-`, `+` or a blank in front.
    package var text: String {
      switch self {
      case .removed(let line): "-\(line)"
      case .added(let line): "+\(line)"
      case .same(let line): " \(line)"
      }
    }
  }

  /// The lines that differ, each run with one line before and one behind it.
  package let lines: [Line]

  /// Beyond so many lines only how many there are is told: finding the fewest differences takes
  /// time in proportion to the lines times the differences.
  private static let mostLines = 2_000

  /// Lines end at LF; the texts are compared byte for byte, not as characters.
  package init(_ old: String, _ new: String) {
    let before = old.split(separator: "\n", omittingEmptySubsequences: false).map(ByteLine.init)
    let after = new.split(separator: "\n", omittingEmptySubsequences: false).map(ByteLine.init)
    guard before.count <= Self.mostLines, after.count <= Self.mostLines else {
      lines =
        before == after
        ? []
        : [
          .removed("(\(before.count) lines)"), .added("(\(after.count) lines)"),
        ]
      return
    }
    lines = Self.withoutFarContext(Self.all(before, after))
  }

  private static func all(_ before: [ByteLine], _ after: [ByteLine]) -> [Line] {
    var removed: Set<Int> = []
    var added: Set<Int> = []
    for change in after.difference(from: before) {
      switch change {
      case .remove(let offset, _, _): removed.insert(offset)
      case .insert(let offset, _, _): added.insert(offset)
      }
    }
    var result: [Line] = []
    var (old, new) = (0, 0)
    while old < before.count || new < after.count {
      if old < before.count, removed.contains(old) {
        result.append(.removed(before[old].text))
        old += 1
      } else if new < after.count, added.contains(new) {
        result.append(.added(after[new].text))
        new += 1
      } else {
        result.append(.same(before[old].text))
        old += 1
        new += 1
      }
    }
    return result
  }

  private static func withoutFarContext(_ lines: [Line]) -> [Line] {
    func isChange(_ index: Int) -> Bool {
      guard lines.indices.contains(index) else { return false }
      if case .same = lines[index] { return false }
      return true
    }
    return lines.indices.filter { isChange($0 - 1) || isChange($0) || isChange($0 + 1) }.map {
      lines[$0]
    }
  }

  /// Equal by its bytes: Swift's strings would take `é` in two spellings for the same.
  private struct ByteLine: Equatable {
    let text: String

    init(_ text: Substring) { self.text = String(text) }

    static func == (a: ByteLine, b: ByteLine) -> Bool { a.text.utf8.elementsEqual(b.text.utf8) }
  }
}
