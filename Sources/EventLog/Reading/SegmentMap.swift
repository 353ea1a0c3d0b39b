internal import LogSequence

/// Which segment and about where an LSN stands: for every segment its first LSN, and the position
/// of every eighth record (half a byte a record), in memory until it is in a file. Shared by the
/// sync thread, which adds, the keeper's, and the reader thread.
final class SegmentMap: @unchecked Sendable {
  // Sendable because `segments` is only touched with the monitor's lock held.
  private let monitor = Monitor()
  private var segments: [Entry] = []

  private struct Entry {
    let id: UInt64
    let baseLSN: LSN
    /// File offsets in words of 8 bytes; element i is LSN `(firstStride + i) * lsnStride`.
    var offsets: [UInt32] = []
    /// Set when the offsets are in a file instead.
    var positions: PositionTable?

    var firstStride: UInt64 { baseLSN.strideAtOrAfter }
  }

  /// A place at or before a record, from which a walk forward finds it.
  struct Start: Equatable {
    let segment: UInt64
    let offset: Int64
    /// Where a closer place is to be read, if it is not known here.
    let positions: PositionTable?
    /// First LSN of the next segment; `.max` in the last one.
    let endLSN: LSN
  }

  /// A new segment at the end.
  func add(id: UInt64, baseLSN: LSN) {
    monitor.withLock {
      if let last = segments.last, last.id >= id { return }
      if let last = segments.indices.last {
        segments[last].offsets = Array(segments[last].offsets)  // drops spare capacity
      }
      assert((segments.last?.baseLSN ?? 0) <= baseLSN, "segments stand in the order of the log")
      segments.append(Entry(id: id, baseLSN: baseLSN))
    }
  }

  /// Positions of the records of the last segment whose LSN is a multiple of the stride, in order.
  func append(_ offsets: [UInt32]) {
    guard !offsets.isEmpty else { return }
    monitor.withLock {
      precondition(!segments.isEmpty, "the active segment is in the map")
      segments[segments.count - 1].offsets += offsets
    }
  }

  /// The positions of a segment are in a file from now on.
  func keepOnDisk(_ positions: PositionTable) {
    monitor.withLock {
      guard let index = segments.firstIndex(where: { $0.id == positions.range.first }) else {
        return
      }
      segments[index].positions = positions
      segments[index].offsets = []
    }
  }

  /// The file of a segment's positions is damaged: these are its offsets.
  func keepInMemory(_ id: UInt64, _ offsets: [UInt32]) {
    monitor.withLock {
      guard let index = segments.firstIndex(where: { $0.id == id }) else { return }
      segments[index].positions = nil
      segments[index].offsets = offsets
    }
  }

  /// Records up to the end of this segment are gone.
  func forget(through id: UInt64) {
    monitor.withLock { segments.removeAll { $0.id <= id } }
  }

  /// The oldest record there is, or the next one.
  var firstLSN: LSN { monitor.withLock { segments.first?.baseLSN ?? 1 } }

  /// Where to begin looking for `lsn`; nil before the first segment.
  func start(of lsn: LSN) -> Start? {
    monitor.withLock { () -> Start? in
      // The last segment that begins at or before: those before it with the same base are empty.
      var low = 0
      var high = segments.count
      while low < high {
        let middle = (low + high) / 2
        if segments[middle].baseLSN <= lsn { low = middle + 1 } else { high = middle }
      }
      guard low > 0 else { return nil }
      let entry = segments[low - 1]
      let endLSN = low < segments.count ? segments[low].baseLSN : .max
      let stride = lsn.stride
      var offset = Int64(Limits.segmentHeaderBytes)
      if stride >= entry.firstStride, !entry.offsets.isEmpty {
        let index = min(Int(stride - entry.firstStride), entry.offsets.count - 1)
        offset = Int64(entry.offsets[index]) * 8
      }
      return Start(
        segment: entry.id, offset: offset, positions: entry.positions, endLSN: endLSN)
    }
  }

  /// Bytes of memory held, about.
  var bytes: Int { monitor.withLock { segments.reduce(0) { $0 + $1.offsets.capacity * 4 } } }
}
