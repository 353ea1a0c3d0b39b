/// A catalog or a template was refused: every problem that was found, in the order of the files.
package struct CatalogError: Error, Equatable, Sendable {
  /// The problems: at least one, each once, sorted; at most `TemplateLimits.problems`.
  package let problems: [TemplateProblem]
  /// Problems beyond those listed.
  package let unlisted: Int

  /// - Parameter problems: at least one, in any order; the same one may come twice.
  init(_ problems: [TemplateProblem]) {
    precondition(!problems.isEmpty, "a refusal has a reason")
    let sorted = Set(problems).sorted()
    self.problems = Array(sorted.prefix(TemplateLimits.problems))
    unlisted = sorted.count - self.problems.count
  }

  init(_ problem: TemplateProblem) {
    self.init([problem])
  }
}

extension CatalogError: CustomStringConvertible {
  /// One line a problem.
  package var description: String {
    var lines = problems.map(\.description)
    if unlisted > 0 { lines.append("and \(unlisted) more") }
    return lines.joined(separator: "\n")
  }
}
