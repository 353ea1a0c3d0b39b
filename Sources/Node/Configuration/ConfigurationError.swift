/// What is wrong with the configuration: every problem, one a line, each with its place.
package struct ConfigurationError: Error, Sendable, CustomStringConvertible {
  package var problems: [String]

  package var description: String {
    problems.joined(separator: "\n")
  }
}
