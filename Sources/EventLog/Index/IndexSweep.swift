internal import LogSequence

/// Forgets final events that tables know, one part of the index every few records, so that no
/// append waits for it.
struct IndexSweep {
  /// One part is swept every so many records.
  private static let stride = 64

  private var lsn: LSN = 0
  /// What is wanted next, when a sweep is under way.
  private var nextLSN: LSN = 0
  private var part = EventIndex.parts
  private var countdown = IndexSweep.stride

  mutating func begin(through lsn: LSN) {
    assert(lsn >= nextLSN, "tables cover more with time")
    nextLSN = lsn
    if part == EventIndex.parts { restart() }
  }

  private mutating func restart() {
    guard nextLSN > lsn else { return }
    lsn = nextLSN
    part = 0
  }

  /// Called for every record.
  @inline(__always)
  mutating func step(_ index: EventIndex) {
    guard part < EventIndex.parts else { return }
    countdown -= 1
    if countdown == 0 { sweepPart(index) }
  }

  private mutating func sweepPart(_ index: EventIndex) {
    countdown = Self.stride
    index.removeFinal(through: lsn, part: part)
    part += 1
    if part == EventIndex.parts { restart() }
  }
}
