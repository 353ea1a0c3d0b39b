/// The segments a reader has open, a bounded number of them, the longest unused closed first.
final class SegmentFiles {
  private let disk: any Disk
  private let paths: StorePaths
  private var open: [(id: UInt64, file: DiskFile)] = []

  init(_ disk: any Disk, _ paths: StorePaths) {
    self.disk = disk
    self.paths = paths
  }

  deinit {
    for entry in open { entry.file.closeQuietly() }
  }

  func file(_ id: UInt64) throws(EventLogError) -> DiskFile {
    if let index = open.firstIndex(where: { $0.id == id }) {
      let entry = open.remove(at: index)
      open.append(entry)
      return entry.file
    }
    let file = try DiskFile(disk, paths.segment(id), .read)
    if open.count >= Limits.openSegments { open.removeFirst().file.closeQuietly() }
    open.append((id, file))
    return file
  }
}
