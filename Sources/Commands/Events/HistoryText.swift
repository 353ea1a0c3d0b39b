internal import JSON
internal import Messages
internal import Templates

/// An event and its history, for people.
enum HistoryText {
  /// - Parameter hidden: why what the event holds is not shown; nil when it is.
  static func print(_ history: EventHistory, hidden: Sensitivity.Reason?) {
    let parser = JSONParser()
    writeLine("event \(history.id)".printable)
    let event = history.event(hidden: hidden != nil)
    writeLine(String(decoding: event, as: UTF8.self).printable(keeping: "\n\t"))
    if let hidden { writeLine("ctx: \(hidden.placeholder)".printable) }
    writeLine("")
    writeLine(UpdateLine.header)
    var unreadable = 0
    for update in history.updates {
      do {
        try parser.withDocument(update.json) { root in
          writeLine(UpdateLine.text(root) + (update.isEvidence ? " (no change)" : ""))
          for line in details(root) { writeLine(indented(line)) }
        }
      } catch {
        unreadable += 1
        warn("a transition cannot be shown: \(error)")
      }
    }
    if unreadable > 0 { warn("\(unreadable) transitions are not shown") }
  }

  /// A reason may have several lines.
  private static func indented(_ text: String) -> String {
    text.split(separator: "\n", omittingEmptySubsequences: false)
      .map { "    " + String($0).printable }.joined(separator: "\n")
  }

  /// What the line has no room for.
  private static func details(_ update: JSONValue) -> [String] {
    func text(_ value: JSONValue?) -> String? { value?.asString?.string }
    var lines: [String] = []
    if let reason = update["reason"] {
      let code = text(reason["code"]) ?? ""
      lines.append("reason: \(code)" + (text(reason["text"]).map { ": \($0)" } ?? ""))
    }
    var attempt = "attempt: \(update["attempt"]?.asInt64 ?? 0)"
    if let delivery = text(update["deliveryId"]) { attempt += ", delivery \(delivery)" }
    lines.append(attempt)
    if let template = update["template"] {
      lines.append(
        "template: \(text(template["name"]) ?? "")@\(text(template["version"]) ?? "")")
    }
    if let id = text(update["providerMessageId"]) { lines.append("provider's message id: \(id)") }
    if let count = update["errorCount"]?.asInt64 { lines.append("failed tries: \(count)") }
    if let time = text(update["nextAttemptAt"]) { lines.append("next attempt: \(time)") }
    return lines
  }
}
