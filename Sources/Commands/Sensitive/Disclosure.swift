internal import Node
internal import Templates

/// What one command may show of events that may be sensitive. Whoever prints an event's data, or
/// what was rendered from them, asks here first.
final class Disclosure {
  private let sensitivity: Sensitivity
  /// Nil: nothing is revealed.
  private let log: RevealLog?

  /// By the present templates, and the versions of the store.
  ///
  /// - Parameters:
  ///   - command: as in `events show`.
  ///   - reveals: whether `--reveal` was given.
  ///   - folders: of more templates.
  convenience init(
    _ node: NodeConfiguration, _ command: String, reveals: Bool, folders: [String] = []
  ) {
    self.init(
      Sensitivity.read(
        templatesPaths: [node.templatesPath] + folders, storePath: node.storePath),
      reveals ? RevealLog(node, command: command) : nil)
  }

  init(_ sensitivity: Sensitivity, _ log: RevealLog?) {
    self.sensitivity = sensitivity
    self.log = log
  }

  deinit {
    log?.finish()
  }

  /// Why an event's data are not shown; nil when they may be. What is sensitive and revealed is
  /// logged by that.
  func reason(_ history: EventHistory) -> Sensitivity.Reason? {
    let (type, pinned) = history.identity
    return judge("event \(history.id)", sensitivity.reason(type: type, pinned: pinned))
  }

  /// The same of an event that is known by its type, and the template that it has had.
  func reason(
    _ subject: String, type: String?, pinned: (name: String, version: String)?
  ) -> Sensitivity.Reason? {
    judge(subject, sensitivity.reason(type: type, pinned: pinned.map { [$0] } ?? []))
  }

  /// The same of a message's body.
  func reason(_ message: ParkedMessage) -> Sensitivity.Reason? {
    guard message.hasBody, message.bodyBytes > 0, !sensitivity.hidesNothing else { return nil }
    let types: [String?] =
      switch message.content {
      case .harmless: []
      case .types(let types): types
      case .unknown: [nil]
      }
    // What was published as a sensitive event is one, whatever it says.
    let byKey = sensitivity.reason(type: message.routingKey)
    let isByKey = if case .template? = byKey { !types.isEmpty } else { false }
    let reason = isByKey ? byKey : types.lazy.compactMap(sensitivity.reason(type:)).first
    return judge("\(message.kind.word) message \(message.messageID ?? "without id")", reason)
  }

  private func judge(
    _ subject: @autoclosure () -> String, _ reason: Sensitivity.Reason?
  ) -> Sensitivity.Reason? {
    guard reason != nil, let log else { return reason }
    log.note(subject())
    return nil
  }
}

extension Sensitivity.Reason {
  /// What stands where something is not shown.
  var placeholder: String { "(hidden: \(self); --reveal shows it)" }
}
