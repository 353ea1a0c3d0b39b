internal import JSON
internal import LogSequence

/// Builds one line of JSON for output that is not in a hot path.
struct JSONObjectText {
  private var members: [String] = []

  mutating func add(_ name: String, _ value: String?) {
    members.append("\(Self.quoted(name)):\(value.map(Self.quoted) ?? "null")")
  }

  mutating func add(_ name: String, _ value: Int?) {
    members.append("\(Self.quoted(name)):\(value.map { "\($0)" } ?? "null")")
  }

  mutating func add(_ name: String, _ value: LSN?) {
    members.append("\(Self.quoted(name)):\(value.map { "\($0)" } ?? "null")")
  }

  mutating func add(_ name: String, _ value: Bool) {
    members.append("\(Self.quoted(name)):\(value)")
  }

  /// A value that is JSON already.
  mutating func add(_ name: String, json: String) {
    members.append("\(Self.quoted(name)):\(json)")
  }

  var text: String { "{\(members.joined(separator: ","))}" }

  static func quoted(_ text: String) -> String {
    var writer = ByteWriter(capacity: text.utf8.count + 16)
    Array(text.utf8).withUnsafeBytes { writer.writeJSONString($0) }
    return writer.withBytes { String(decoding: $0, as: UTF8.self) }
  }
}
