/// The files of one template, in memory: what it is made from, wherever they came from.
package struct TemplateFiles: Equatable, Sendable {
  /// The template's name: the folder's.
  package let name: String
  /// The files of the folder and the partials (`partials/<name>.mustache`), sorted by name. Those
  /// of a template are exactly the partials that it uses, itself or through others.
  package let files: [TemplateFile]

  /// - Parameter files: in any order; of two with one name the first counts.
  package init(name: String, files: [TemplateFile]) {
    self.name = name
    var sorted: [TemplateFile] = []
    for file in files.sorted(by: { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) })
    where file.name != sorted.last?.name {
      sorted.append(file)
    }
    self.files = sorted
  }

  /// The bytes of a file; nil when there is no such file.
  package subscript(_ name: String) -> [UInt8]? {
    files.first { $0.name == name }?.bytes
  }

  /// Bytes of all files.
  var byteCount: Int { files.reduce(0) { $0 + $1.bytes.count } }

  /// The SHA-256 of all names and bytes in lowercase hexadecimal: the template's version. Each
  /// name and each content is preceded by its length (64 bits, little-endian), so that no two sets
  /// of files read alike. Before all that stands the number of the rules (64 bits, little-endian),
  /// if they are not the first. The folder's name is not part of it.
  func version(by rules: RenderRules) -> String {
    var hash = SHA256()
    if rules != .first {
      withUnsafeBytes(of: UInt64(rules.rawValue).littleEndian) { hash.update($0) }
    }
    for file in files {
      for bytes in [Array(file.name.utf8), file.bytes] {
        withUnsafeBytes(of: UInt64(bytes.count).littleEndian) { hash.update($0) }
        bytes.withUnsafeBytes { hash.update($0) }
      }
    }
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    for byte in hash.digest() {
      text.append(digits[Int(byte >> 4)])
      text.append(digits[Int(byte & 0xF)])
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// The name of a partial's file.
  static func partialFile(_ name: String) -> String { "partials/\(name).mustache" }
}
