package import LogSequence

/// What a store holds, from its manifest and the sizes of its files: cheap, no record is read.
package struct StoreStatistics: Sendable {
  package struct Segment: Sendable {
    package let id: UInt64
    package let file: String
    package let firstLSN: LSN
    /// Nil while it is being written.
    package let lastLSN: LSN?
    /// Bytes of the file as it counts against the disk.
    package let fileBytes: Int64
    /// Bytes up to the end of its frames; nil while it is being written.
    package let usedBytes: Int64?
    /// Unix nanoseconds.
    package let created: Int64
  }

  /// Lowercase hexadecimal.
  package let storeID: String
  /// Unix nanoseconds.
  package let created: Int64
  package let epoch: UInt64
  package let generation: UInt64
  package let hasWriter: Bool
  package let wasClosed: Bool
  package let firstLSN: LSN
  package let durableLSN: LSN
  package let durableSequence: UInt64
  package let segments: [Segment]
  /// The bytes of cut frames: each goes with its segment, the oldest of more than
  /// `mostQuarantinedFiles` before.
  package let quarantinedFiles: Int
  package let quarantinedBytes: Int64
  /// How the wall clock stands to the time that retention goes by.
  package let clock: StoreClock.Standing

  package static var mostQuarantinedFiles: Int { Limits.quarantinedFiles }
  package var records: Int {
    durableLSN < firstLSN ? 0 : firstLSN.distance(to: durableLSN.next)
  }
  package var fileBytes: Int64 { segments.reduce(0) { $0 + $1.fileBytes } }

  /// - Throws: when the directory is not a store, or is damaged where this looks.
  package init(path: String, disk: any Disk = LinuxDisk()) throws(EventLogError) {
    let reader = try EventLogReader(path: path, disk: disk)
    segments = try Self.segments(reader)
    let manifest = reader.snapshot.manifest
    storeID = reader.identity.store.text
    created = reader.identity.created
    epoch = manifest.epoch
    generation = manifest.generation
    hasWriter = reader.snapshot.hasWriter
    wasClosed = manifest.isClosed
    firstLSN = reader.firstLSN
    durableLSN = reader.durableLSN
    durableSequence = reader.snapshot.end.sequence
    var quarantined: Int64 = 0
    var files = 0
    for name in try disk.names(in: reader.paths.quarantine) {
      let path = reader.paths.quarantine + "/" + name
      // It may have gone meanwhile.
      guard let file = try? DiskFile(disk, path, .read) else { continue }
      defer { file.closeQuietly() }
      quarantined += try file.size()
      files += 1
    }
    quarantinedFiles = files
    quarantinedBytes = quarantined
    clock = try StoreClock(path: path, disk: disk).standing().0
  }

  /// Of the reader's snapshot, which moves on when retention removes one meanwhile.
  private static func segments(_ reader: EventLogReader) throws(EventLogError) -> [Segment] {
    while true {
      let manifest = reader.snapshot.manifest
      do throws(EventLogError) {
        var segments: [Segment] = []
        for segment in manifest.segments {
          segments.append(try Self.segment(segment, reader.paths, reader.disk))
        }
        return segments
      } catch {
        guard error.code == .damaged else { throw error }
        try reader.refresh()
        if reader.snapshot.manifest.origin == manifest.origin { throw error }
      }
    }
  }

  private static func segment(
    _ segment: Manifest.Segment, _ paths: StorePaths, _ disk: any Disk
  ) throws(EventLogError) -> Segment {
    let file = try Recovery.open(disk, paths.segment(segment.id), .read, segment)
    defer { file.closeQuietly() }
    var bytes = [UInt8](repeating: 0, count: Limits.segmentHeaderBytes)
    let count = try bytes.withMutableBytes { (buffer) throws(EventLogError) in
      try file.read(into: buffer, at: 0)
    }
    let header = try SegmentHeader.decode(Array(bytes[..<count]), file: file.path)
    return Segment(
      id: segment.id, file: file.path, firstLSN: segment.baseLSN,
      lastLSN: segment.end?.point.lsn, fileBytes: try file.size(),
      usedBytes: segment.end?.offset, created: header.created)
  }
}
