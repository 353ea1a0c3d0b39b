internal import Synchronization

/// How many bytes a log has written since it was opened, by what they were for.
package struct WriteVolume: Equatable, Sendable {
  /// Of records that became durable, with their headers and padding.
  package var recordBytes = 0
  /// Of the frames that hold them, and of empty frames.
  package var frameBytes = 0
  /// Zeros of segments that were prepared ahead.
  package var preparedBytes = 0
  /// Of tables, positions and checkpoints.
  package var indexBytes = 0
  /// Entries that were written to tables, each as often as it was written.
  package var tableEntries = 0
  /// Entries of the segments that were indexed: an event has one for each segment with a record
  /// of it.
  package var indexedEntries = 0

  /// Bytes written to segments for a byte of records; 0 without records.
  package var recordAmplification: Double {
    Self.ratio(frameBytes + preparedBytes, recordBytes)
  }

  /// How often an entry was written, in the mean; at most 1 + log4 N over N segments, and once more
  /// for entries of tables that retention cut. 0 without entries.
  package var entryAmplification: Double { Self.ratio(tableEntries, indexedEntries) }

  /// Bytes of derived files for a byte of records; 0 without records.
  package var indexAmplification: Double { Self.ratio(indexBytes, recordBytes) }

  package init() {}

  private static func ratio(_ written: Int, _ of: Int) -> Double {
    of == 0 ? 0 : Double(written) / Double(of)
  }
}

extension EventLog {
  /// What was written since the log was opened. Of a merge under way nothing is counted yet.
  package var writeVolume: WriteVolume {
    let index = keeper.written
    var volume = WriteVolume()
    volume.recordBytes = committer.durableBytes.load(ordering: .relaxed)
    volume.frameBytes = committer.frameBytes
    volume.preparedBytes = preparer.writtenBytes.value
    volume.indexBytes = index.bytes.value
    volume.tableEntries = index.entries.value
    volume.indexedEntries = index.firstEntries.value
    return volume
  }
}
