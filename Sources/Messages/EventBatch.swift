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

  /// Cuts a batch that does not parse as a whole into its elements, so that only those park that
  /// are at fault. Nil when it cannot be cut or is no batch.
  ///
  /// - Throws: what `check` says of the object around the events.
  package static func pieces(
    of bytes: UnsafeRawBufferPointer, using parser: JSONParser
  ) throws(Rejection) -> JSONPieces? {
    guard let pieces = JSONPieces(bytes) else { return nil }
    guard pieces.isObject else { return pieces }
    // The object without its events must be one that `check` takes.
    var envelope = ByteWriter(capacity: 256)
    envelope.write("{")
    for member in pieces.members {
      envelope.write(UnsafeRawBufferPointer(rebasing: bytes[member]))
      envelope.write(",")
    }
    envelope.write(#""events":[0]}"#)
    guard let root = try? parser.parse(envelope.array()) else { return nil }
    return try check(root) ? pieces : nil
  }
}
