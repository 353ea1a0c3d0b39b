package import JSON

/// A body that holds several events: an array, or an object with the array under `events`.
/// `JSONSplitter` finds the events in it; this says whether it may be split at all.
package enum EventBatch {
  /// Whether `root` holds events rather than being one.
  ///
  /// - Throws: when it holds none, or says that it is of another version of the contract. The
  ///   events themselves are not looked at: each is judged alone.
  package static func check(_ root: JSONValue) throws(Rejection) -> Bool {
    guard let elements = JSONSplitter.elements(of: root) else { return false }
    if root.kind == .object { try FieldReader(root, "events").schemaVersion() }
    guard elements.contains(where: { _ in true }) else {
      throw Rejection(
        code: .emptyBatch, path: root.kind == .object ? "$.events" : "$", offset: root.offset,
        detail: "expected at least one event")
    }
    return true
  }
}
