extension String {
  /// With control characters written out, as `\u{1b}`: what a stranger sent must not move the
  /// cursor of whoever looks at it, nor break a line of a table.
  var printable: String { printable(keeping: "") }

  /// The same, without touching some of them.
  func printable(keeping kept: String) -> String {
    func isShown(_ scalar: Unicode.Scalar) -> Bool {
      scalar.properties.generalCategory != .control || kept.unicodeScalars.contains(scalar)
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
