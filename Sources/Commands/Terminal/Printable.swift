extension String {
  /// With control characters written out, as `\u{1b}`: what a stranger sent must not move the
  /// cursor of whoever looks at it, nor break a line of a table, nor turn the writing round.
  var printable: String { printable(keeping: "") }

  /// The same, without touching some of them.
  func printable(keeping kept: String) -> String {
    func isShown(_ scalar: Unicode.Scalar) -> Bool {
      // Nearly all text: no table of properties is asked.
      if 0x20...0x7E ~= scalar.value { return true }
      return !scalar.movesText || kept.unicodeScalars.contains(scalar)
    }
    guard !unicodeScalars.allSatisfy(isShown) else { return self }
    var text = ""
    for scalar in unicodeScalars {
      if isShown(scalar) {
        text.unicodeScalars.append(scalar)
      } else {
        text += "\\u{\(String(scalar.value, radix: 16))}"
      }
    }
    return text
  }
}

extension Unicode.Scalar {
  /// Whether it does something to the text around it: controls, line and paragraph separators, and
  /// what embeds or overrides the direction of writing.
  fileprivate var movesText: Bool {
    switch properties.generalCategory {
    case .control, .lineSeparator, .paragraphSeparator: true
    default: (0x202A...0x202E).contains(value) || (0x2066...0x2069).contains(value)
    }
  }
}
