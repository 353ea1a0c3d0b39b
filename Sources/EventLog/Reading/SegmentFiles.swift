/// The files a reader has open, a bounded number of them, the longest unused closed first.
final class SegmentFiles {
  private let disk: any Disk
  private let paths: StorePaths
  private var open: [(path: String, file: DiskFile)] = []

  init(_ disk: any Disk, _ paths: StorePaths) {
    self.disk = disk
    self.paths = paths
  }

  deinit {
    for entry in open { entry.file.closeQuietly() }
  }

  var folder: String { paths.segments }

  func file(_ id: UInt64) throws(EventLogError) -> DiskFile { try file(paths.segment(id)) }

  func path(ofPositions id: UInt64) -> String { paths.positions(id) }

  /// The positions of a segment; nil when they cannot be opened: the segment says the same.
  func positions(_ id: UInt64) -> DiskFile? { try? file(paths.positions(id)) }

  private func file(_ path: String) throws(EventLogError) -> DiskFile {
    if let index = open.lastIndex(where: { $0.path == path }) {
      let entry = open.remove(at: index)
      open.append(entry)
      return entry.file
    }
    let file = try DiskFile(disk, path, .read)
    if open.count >= Limits.openSegments { open.removeFirst().file.closeQuietly() }
    open.append((path, file))
    return file
  }
}
