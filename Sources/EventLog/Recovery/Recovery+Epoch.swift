// The steps that change something, in the order in which a crash between any two is harmless.
extension Recovery {
  /// Files that the manifest does not list: what an interrupted roll left, without a frame, goes,
  /// and what retention took out of the manifest and did not get to remove; anything with frames
  /// in it means that the manifest is an old one.
  func tidyUnlisted(_ manifest: Manifest) throws(EventLogError) {
    let listed = manifest.segments.map(\.id)
    guard let first = listed.first, let last = listed.last else { return }
    try Quarantine.tidy(options.disk, paths, before: first)
    for name in try options.disk.names(in: paths.segments) {
      guard let id = SegmentHeader.id(fileName: name), !listed.contains(id) else { continue }
      let path = paths.segment(id)
      if id < first {
        try options.disk.removeIfPresent(path)
        continue
      }
      guard id == last + 1, try StoreCreation.isEmpty(options.disk, path) else {
        throw .damaged(path, nil, "the manifest does not list this segment")
      }
      try options.disk.removeIfPresent(path)
    }
  }

  /// After a clean close the same segment goes on. After a crash it is sealed where its last valid
  /// frame ends, its cut tail kept aside, and a new one begun: nothing is ever appended to a file
  /// that was open at a crash.
  mutating func beginEpoch(
    _ found: Manifest, _ active: Active, _ map: SegmentMap, _ lock: StoreLock
  ) throws(EventLogError) -> SegmentWriter {
    var manifest = found
    let ready = try SpareFile.tidy(options, paths)
    let preparer = SparePreparer(options, paths, ready: ready, onSpace: onSpace)
    manifest.epoch += 1
    var header = active.header
    var offset = active.offset
    let file: DiskFile
    var isKept = true
    if manifest.isClosed {
      manifest.isClosed = false
      manifest.segments[manifest.segments.count - 1].end = nil
      manifest.generation += 1
      file = try DiskFile(options.disk, paths.segment(header.id), .write)
    } else {
      isKept = try quarantine(active)
      (header, file) = try SegmentWriter.makeSegment(
        options: options, paths: paths, preparer: preparer, store: manifest.store,
        id: header.id + 1, after: active.point, epoch: manifest.epoch)
      manifest.seal(at: Manifest.End(offset: offset, point: active.point))
      manifest.add(header)
      map.add(id: header.id, baseLSN: header.baseLSN)
      offset = Int64(Limits.segmentHeaderBytes)
    }
    let activeFile = try ActiveFile(file)
    do throws(EventLogError) {
      try preparer.makingRoom { () throws(EventLogError) in
        try lock.replaceManifest(found, with: manifest)
      }
      preparer.noteManifest(segments: manifest.segments.count)
      let writer = try SegmentWriter(
        options: options, paths: paths, lock: lock, manifest: manifest, header: header,
        file: activeFile, offset: offset, point: active.point, map: map, preparer: preparer)
      if header.id != active.header.id { writer.noteSealed() }
      try writer.writeEmpty(.epoch)
      try lock.begin()
      if header.id != active.header.id, isKept { giveBackTail(active) }
      return writer
    } catch {
      activeFile.closeQuietly()
      throw error
    }
  }

  /// The sealed segment ends before its file does: its unused blocks go back to the file system,
  /// so that a service that crashes often does not fill the disk. Only space is at stake, the
  /// cut bytes are in quarantine, so an error is of no interest.
  private func giveBackTail(_ active: Active) {
    let start = Int64(roundUp(Int(active.offset), to: Limits.blockBytes))
    guard
      start < active.header.fileBytes,
      let file = try? DiskFile(options.disk, paths.segment(active.header.id), .write)
    else { return }
    defer { file.closeQuietly() }
    if SegmentScanner.hasStray(file, at: active.offset) { return }
    try? options.disk.punchHole(
      file.descriptor, at: start, active.header.fileBytes - start)
  }

  /// Copies the bytes of a cut frame to quarantine/, durable before the manifest seals the segment
  /// before them. Repeated after a crash it writes the same file again. Where there is no room they
  /// stay where they are, until the segment's unused blocks are given back.
  /// False then.
  private mutating func quarantine(_ active: Active) throws(EventLogError) -> Bool {
    guard case .torn(let end) = active.verdict else { return true }
    let file = try DiskFile(options.disk, paths.segment(active.header.id), .read)
    defer { file.closeQuietly() }
    var bytes = [UInt8](repeating: 0, count: Int(end - active.offset))
    let count = try bytes.withMutableBytes { (buffer) throws(EventLogError) in
      try file.read(into: buffer, at: active.offset)
    }
    let name = Quarantine.fileName(active.header.id, at: active.offset)
    do throws(EventLogError) {
      try options.disk.replaceFile(name, in: paths.quarantine, with: Array(bytes[..<count]))
    } catch {
      guard SystemError(error.systemError).isLackOfSpace else { throw error }
      try options.disk.removeIfPresent(paths.quarantine + "/" + name + ".tmp")
      report.tail = .torn(bytes: count, quarantine: file.path)
      return false
    }
    report.tail = .torn(bytes: count, quarantine: paths.quarantine + "/" + name)
    return true
  }
}
