/// A template of a bench, in a folder of its own.
struct BenchTemplate: Sendable {
  let name: String
  var channel = "email"
  var text: String

  /// Makes or replaces the folder. The event type is the template's name.
  func write(into folder: String, edition: Int = 0) throws {
    let path = "\(folder)/\(name).\(channel)"
    try makeFolder(path)
    let from = channel == "email" ? "from: Shop <order@shop.example>\n" : "from: Shop\n"
    try writeText(
      """
      eventType: \(name)
      channel: \(channel)
      publishedAt: 2026-01-01T00:00:00Z
      \(from)
      """, to: "\(path)/template.yaml")
    if channel == "email" { try writeText("{{type}} {{id}}", to: "\(path)/subject.mustache") }
    let mark = edition == 0 ? "" : " \(edition)"
    try writeText(text + mark, to: "\(path)/text.mustache")
    let sample = BenchEvent(id: "sample", type: name, channel: channel)
    try writeText(String(decoding: sample.body, as: UTF8.self), to: "\(path)/sample.json")
  }
}

/// An event of a bench.
struct BenchEvent: Sendable {
  var id: String
  var type: String
  var channel = "email"
  /// More members, each with a comma before it.
  var more = ""
  /// Members of `ctx`.
  var context = #""name":"Elsa""#

  var body: [UInt8] {
    Array(
      """
      {"id":"\(id)","type":"\(type)","channel":"\(channel)","email":"elsa@example.se",\
      "mobilePhone":"+46701234567"\(more),"ctx":{\(context)}}
      """.utf8)
  }
}
