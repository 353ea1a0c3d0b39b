/// The files a reader has open, a bounded number of them, the longest unused closed first.
final class SegmentFiles {
  private let disk: any Disk
  private let paths: StorePaths
  private var open: [(path: String, segment: UInt64, file: DiskFile)] = []

  init(_ disk: any Disk, _ paths: StorePaths) {
    self.disk = disk
    self.paths = paths
  }

  deinit {
    for entry in open { entry.file.closeQuietly() }
  }

  var folder: String { paths.segments }

  func file(_ id: UInt64) throws(EventLogError) -> DiskFile { try file(paths.segment(id), of: id) }

  func path(ofPositions id: UInt64) -> String { paths.positions(id) }

  /// The positions of a segment; nil when they cannot be opened: the segment says the same.
  func positions(_ id: UInt64) -> DiskFile? { try? file(paths.positions(id), of: id) }

  /// Closes the files of the segments up to this one: they are gone, and take room until then.
  func close(through id: UInt64) {
    for entry in open where entry.segment <= id { entry.file.closeQuietly() }
    open.removeAll { $0.segment <= id }
  }

  private func file(_ path: String, of id: UInt64) throws(EventLogError) -> DiskFile {
    if let index = open.lastIndex(where: { $0.path == path }) {
      let entry = open.remove(at: index)
      open.append(entry)
      return entry.file
    }
    let file = try DiskFile(disk, path, .read)
    if open.count >= Limits.openSegments { open.removeFirst().file.closeQuietly() }
    open.append((path, id, file))
    assert(open.count <= Limits.openSegments, "files that are open are bounded")
    return file
  }
}
