extension EventLog {
  /// The longest payload that `append` takes beside any id, in a store with segments of this size:
  /// what an owner holds its own bounds against before it opens the log.
  package static func maxPayloadBytes(segmentBytes: Int) -> Int {
    maxPayloadBytes(recordBytes: Limits.maxRecordBytes(segmentBytes: segmentBytes))
  }

  /// The same of this log: what an owner refuses before it appends.
  package var maxPayloadBytes: Int { Self.maxPayloadBytes(recordBytes: maxRecordBytes) }

  /// The least bound on the bytes of a store with segments of this size.
  package static func leastMaxBytes(segmentBytes: Int) -> Int {
    Limits.leastSegments * roundUp(segmentBytes, to: Limits.blockBytes)
  }

  /// Records are padded to whole words, so the bound is one.
  private static func maxPayloadBytes(recordBytes: Int) -> Int {
    (recordBytes & ~7) - Limits.recordHeaderBytes - Limits.maxIDBytes
  }
}
