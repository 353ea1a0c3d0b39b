extension MustacheStyle {
  /// What `{{name}}` does.
  var escapedValue: MustacheProgram.Operation {
    switch self {
    case .text: .plainValue
    case .html: .htmlValue
    case .header: .headerValue
    case .line: .lineValue
    case .phrase: .phraseValue
    case .link: .linkPartValue
    }
  }

  /// What `{{{name}}}` does.
  var plainValue: MustacheProgram.Operation {
    switch self {
    case .text, .html: .plainValue
    case .link: .linkValue
    case .header, .line, .phrase: escapedValue
    }
  }
}
