internal import LogSequence

/// Every bound of the event log, in one place. The relations are checked by `assertRelations`.
package enum Limits {
  /// Frames start at multiples of this.
  package static let frameAlignment = 64
  /// Direct input and output, and file sizes, are multiples of this.
  package static let blockBytes = 4096
  package static let frameHeaderBytes = 64
  package static let recordHeaderBytes = 64
  package static let segmentHeaderBytes = 4096
  package static let maxIDBytes = 1024
  /// One record with its header and id: an event of 1 MiB and the same again.
  package static let maxRecordBytes = 2 << 20
  /// A frame takes no further record beyond this; one larger record travels alone.
  package static let frameTargetBytes = 1 << 20
  /// The longest payload of a frame: one record of the longest kind.
  package static let maxFramePayloadBytes = maxRecordBytes
  /// Frames of so many bytes of payload end where a block ends, and are written around the page
  /// cache: half a block of zeros is little beside them, and a copy less is much.
  static let directFrameBytes = 128 << 10
  /// A disk that takes fewer bytes a second gets them through the page cache: beside its time that
  /// of the copy is nothing, and the indexing thread need not read them from it again.
  static let directBytesPerSecond = 400_000_000.0
  /// The longest frame on disk.
  static let maxFrameBytes =
    roundUp(frameHeaderBytes + maxFramePayloadBytes, to: frameAlignment) + blockBytes
    - frameAlignment
  package static let minSegmentBytes = 64 << 10
  package static let maxSegmentBytes = 16 << 30
  /// Readable bytes that follow the payload of every record handed out (a JSON parser reads
  /// past the end).
  package static let spareBytes = 64
  /// After a frame of so many records the next one begins this much later at the earliest, or
  /// when it has so many bytes.
  static let heldRecords = 16
  static let heldNanoseconds: UInt64 = 3_000_000
  static let heldBytes = 128 << 10
  /// Every how many LSNs the position of a record is remembered.
  static let lsnStride: UInt64 = 8
  /// LSNs fit the index slot beside status and flags.
  static let maxLSN = LSN((1 << 48) - 1)
  /// Counters that are only ever increased: sequences, epochs, generations, segment ids.
  static let maxCounter: UInt64 = 1 << 62
  /// What must be left of each of them, and of the LSNs, when a log is opened: more than is used
  /// up before the next opening. At a million records a second it lasts half a year.
  static let roomToCount: UInt64 = 1 << 44
  /// The last LSN of a log that can be opened: 84 years at 100,000 records a second.
  static let lastLSNToOpen = LSN(maxLSN.rawValue - roomToCount)
  static let lastCounterToOpen = maxCounter - roomToCount
  /// The window through which a segment is scanned.
  static let scanWindowBytes = 8 << 20
  /// Segments and their positions that the reader keeps open.
  static let openSegments = 64
  static let threadStackBytes = 8 << 20
  /// The zeros of a spare segment that nobody waits for.
  static let spareBytesPerSecond = 32 << 20
  /// Kept for a manifest on a full disk, at least.
  static let ballastBytes = 256 << 10
  /// Files with the bytes of cut frames.
  static let quarantinedFiles = 64
  /// Sealed segments that wait to be indexed before the owner is asked to take nothing in: the
  /// index holds their events meanwhile.
  static let segmentsToIndex = 8
  /// Events that one look of retention asks the owner to carry, and at one time.
  static let carriesAtMost = 1 << 16
  static let carriedAtOnce = 512
  /// Samples of when records were written, four times as many as retention needs: of the older half
  /// every other one goes then.
  static let ageSamples = 1024
  /// Segments that a bound on the size of a store must leave room for: three that are written or
  /// prepared, and as many sealed ones.
  static let leastSegments = 6
  /// Frame buffers kept for reuse.
  static let pooledBuffers = 4

  /// What is kept for a manifest that lists so many segments: twice its bytes, so that it may grow
  /// while there is no room for more.
  static func ballastBytes(segments: Int) -> Int {
    let needed = 2 * (Manifest.headerBytes + (segments + 1) * Manifest.entryBytes + 4)
    var bytes = ballastBytes
    while bytes < needed { bytes *= 2 }
    return bytes
  }

  /// The longest record of a store with segments of this size.
  package static func maxRecordBytes(segmentBytes: Int) -> Int {
    min(maxRecordBytes, segmentBytes - 2 * segmentHeaderBytes)
  }

  static func assertRelations() {
    precondition(frameTargetBytes <= maxFramePayloadBytes, "a frame must hold its target")
    precondition(maxRecordBytes <= maxFramePayloadBytes, "a frame must hold the longest record")
    precondition(
      scanWindowBytes / 2 >= maxFrameBytes + 2 * blockBytes,
      "a chunk of the scan window must hold a frame and the begun block before it")
    precondition(maxSegmentBytes / 8 <= Int(UInt32.max), "offsets in words must fit 32 bits")
    precondition(blockBytes % frameAlignment == 0, "a block must hold whole frame units")
    precondition(
      maxRecordBytes < Int(FrameHeader.magic), "a record's length must not look like a frame")
  }
}

/// `value` rounded up to a multiple of `unit`, a power of two.
@inline(__always)
func roundUp(_ value: Int, to unit: Int) -> Int { (value + unit - 1) & ~(unit - 1) }
