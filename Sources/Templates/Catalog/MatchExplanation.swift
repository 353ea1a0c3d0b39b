package import JSON
internal import Messages

/// Why an event gets the template it gets: the winner and every template that was passed over.
package struct MatchExplanation: Sendable {
  /// Why a template was passed over.
  package enum Reason: String, Sendable, CaseIterable {
    /// The type differs, but only by capital letters.
    case otherType = "other-type"
    case otherChannel = "other-channel"
    case laneNotAllowed = "lane-not-allowed"
    case notYetPublished = "not-yet-published"
    case notYetValid = "not-yet-valid"
    case noLongerValid = "no-longer-valid"
    case otherOrigin = "other-origin"
    case otherLanguage = "other-language"
    /// It is for any origin, the winner for the event's.
    case lessSpecificOrigin = "less-specific-origin"
    /// Its language is the base language or none, the winner's is nearer to the event's.
    case lessSpecificLanguage = "less-specific-language"
    case olderPublication = "older-publication"
    /// Published at the same time as the winner.
    case lowerVersion = "lower-version"
  }

  /// A template that was passed over.
  package struct Rejected: Sendable {
    package let template: Template
    package let reason: Reason
    /// A sentence with the values that decided.
    package let sentence: String
  }

  /// What was asked, as a sentence.
  package let question: String
  /// The template that is taken; nil when the event is not covered.
  package let winner: Template?
  /// Every other template of the event's type, in the order of the catalog.
  package let rejected: [Rejected]

  /// Appends the explanation as a JSON object: `question`, `winner` (`name` and `version`, or
  /// null), `rejected` (a list of `name`, `version`, `reason`, `sentence`). A template that is
  /// sensitive also has `"sensitive":true`.
  package func write(to writer: inout ByteWriter) {
    writer.write("{\"question\":")
    writer.writeJSONString(question)
    writer.write(",\"winner\":")
    if let winner {
      writer.write("{")
      Self.writeIdentity(of: winner, to: &writer)
      writer.write("}")
    } else {
      writer.write("null")
    }
    writer.write(",\"rejected\":[")
    for (index, entry) in rejected.enumerated() {
      writer.write(index == 0 ? "{" : ",{")
      Self.writeIdentity(of: entry.template, to: &writer)
      writer.write(",\"reason\":")
      writer.writeJSONString(entry.reason.rawValue)
      writer.write(",\"sentence\":")
      writer.writeJSONString(entry.sentence)
      writer.write("}")
    }
    writer.write("]}")
  }

  private static func writeIdentity(of template: Template, to writer: inout ByteWriter) {
    writer.write("\"name\":")
    writer.writeJSONString(template.name)
    writer.write(",\"version\":")
    writer.writeJSONString(template.version)
    if template.isSensitive { writer.write(",\"sensitive\":true") }
  }
}

extension MatchExplanation: CustomStringConvertible {
  /// Some lines for a person.
  package var description: String {
    var lines = [question]
    lines.append(
      winner.map { "taken: \($0)" + ($0.isSensitive ? " (sensitive)" : "") }
        ?? "no template: the event is not covered")
    for entry in rejected {
      lines.append("passed over: \(entry.template): \(entry.reason.rawValue): \(entry.sentence)")
    }
    if winner == nil, rejected.isEmpty { lines.append("no template has this event type") }
    return lines.joined(separator: "\n")
  }
}
