/// The file DAMAGE: what the last whole pass of the scrub found, so that the next start can name it
/// before anything runs into it. Made by the scrub of the running service, and gone once a pass
/// finds nothing. One line a finding: byte (or -), file below the store, what was found.
enum KnownDamage {
  static let fileName = "DAMAGE"
  private static let maxBytes = 1 << 20
  /// The first of them say enough.
  private static let maxFindings = 100

  /// Nothing where there is no such file: it is a hint, whose loss costs nothing.
  static func read(_ disk: any Disk, _ root: String) -> [StoreFinding] {
    guard let bytes = try? disk.contents(of: root + "/" + fileName, atMost: maxBytes) else {
      return []
    }
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n").compactMap { line in
      let words = line.split(separator: "\t", maxSplits: 2)
      guard words.count == 3 else { return nil }
      return StoreFinding(
        file: "\(root)/\(words[1])", offset: Int64(words[0]), found: String(words[2]))
    }
  }

  /// Written only when it changes. An error is of no interest: it is found again.
  static func keep(_ findings: [StoreFinding], _ disk: any Disk, _ root: String) {
    let path = root + "/" + fileName
    guard !findings.isEmpty else {
      try? disk.removeIfPresent(path)
      return
    }
    let lines = findings.prefix(maxFindings).map { finding in
      let file =
        finding.file.hasPrefix(root + "/")
        ? String(finding.file.dropFirst(root.utf8.count + 1)) : finding.file
      return "\(finding.offset.map { "\($0)" } ?? "-")\t\(file)\t\(finding.found)\n"
    }
    let bytes = Array(lines.joined().utf8)
    if (try? disk.contents(of: path, atMost: maxBytes)) == bytes { return }
    try? disk.replaceFile(fileName, in: root, with: bytes)
  }
}
