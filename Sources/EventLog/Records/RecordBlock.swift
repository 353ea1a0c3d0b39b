/// One or more records as they stand in the log, in one allocation; owned, so it can cross
/// threads.
package struct RecordBlock: Sendable {
  /// Whole records in a row, then `Limits.spareBytes` bytes to read past the end.
  private let storage: [UInt8]
  package let count: Int

  /// `storage` without the spare bytes; every record in it was verified.
  init(_ records: [UInt8], count: Int) {
    storage = records + [UInt8](repeating: 0, count: Limits.spareBytes)
    self.count = count
  }

  /// A block without a record.
  package static let none = RecordBlock([], count: 0)

  package var isEmpty: Bool { count == 0 }

  /// Bytes of the records on disk.
  package var bytes: Int { storage.count - Limits.spareBytes }

  /// The records in order; the views are valid inside `body`.
  package func forEach<E: Error>(_ body: (RecordView) throws(E) -> Void) throws(E) {
    try storage.withBytes { (bytes) throws(E) in
      guard var at = bytes.baseAddress else { return }
      for _ in 0..<count {
        let length = Int(at.integer(UInt32.self, at: 0))
        guard let view = RecordCodec.decode(at, available: length) else {
          preconditionFailure("a record block holds verified records")
        }
        try body(view)
        at += length
      }
    }
  }

  /// The first record; nil when there is none. The view is valid inside `body`.
  package func withFirst<R>(_ body: (RecordView) -> R) -> R? {
    guard count > 0 else { return nil }
    return storage.withBytes { bytes in
      guard
        let start = bytes.baseAddress,
        let view = RecordCodec.decode(start, available: bytes.count)
      else { return nil }
      return body(view)
    }
  }
}
