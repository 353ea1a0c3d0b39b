/// Puts a backup in the place of a store that is not there: everything is verified before and
/// after it is copied, and the store appears in one step, complete. Never writes into an existing
/// store. What it puts there is another lineage of the store: its subscribers may know more.
package struct StoreRestore {
  private let source: StorePaths
  private let target: StorePaths
  private let disk = LinuxDisk()

  /// - Parameter target: an absent or empty directory; its parent must exist.
  package init(from source: String, to target: String) {
    self.source = StorePaths(root: source)
    self.target = StorePaths(root: target)
  }

  /// - Parameter progress: bytes done of how many; each byte counts three times: it is verified,
  ///   copied, and verified again.
  package func run(
    _ progress: (_ done: Int64, _ total: Int64) -> Void = { _, _ in }
  ) throws(EventLogError) -> BackupListing {
    let listing = try Self.listing(source.root, disk)
    try StagedStore.check(target, disk)
    let total = listing.bytes * 3
    var done: Int64 = 0
    return try withoutActuallyEscaping(progress) { (progress) throws(EventLogError) in
      let copier = FileCopier(disk) { count in
        done += Int64(count)
        progress(min(done, total), total)
      }
      try checkFiles(listing, source, copier)
      try verify(source)
      let staged = try StagedStore(target, disk, doing: "restoring")
      let folder = staged.folder
      do throws(EventLogError) {
        try copy(listing, to: folder, copier)
        try checkFiles(listing, folder, copier)
        try StoreLineage(path: folder.root, disk: disk).raise()
        try verify(folder)
        try staged.put()
      } catch {
        staged.remove()
        throw error
      }
      return listing
    }
  }

  /// The listing of a backup.
  package static func listing(
    _ path: String, _ disk: any Disk = LinuxDisk()
  ) throws(EventLogError) -> BackupListing {
    let file = path + "/" + BackupListing.fileName
    guard let bytes = try disk.contents(of: file, atMost: BackupListing.maxBytes) else {
      throw EventLogError(
        .notAStore, "there is no finished backup here",
        advice: "A backup that was interrupted has no such file: make it again.", file: file)
    }
    return try BackupListing.decode(bytes, file: file)
  }

  private func checkFiles(
    _ listing: BackupListing, _ paths: StorePaths, _ copier: FileCopier
  ) throws(EventLogError) {
    for file in listing.files {
      let path = paths.root + "/" + file.path
      guard try copier.digest(of: path, bytes: file.bytes) == file.digest else {
        throw .damaged(path, nil, "the checksum of the file is not the one that the backup lists")
      }
    }
  }

  private func verify(_ paths: StorePaths) throws(EventLogError) {
    let report = try StoreVerifier(path: paths.root, disk: disk).run()
    if let first = report.findings.first { throw .notSound(first) }
  }

  private func copy(
    _ listing: BackupListing, to folder: StorePaths, _ copier: FileCopier
  ) throws(EventLogError) {
    for file in listing.files {
      let from = source.root + "/" + file.path
      let opened = try DiskFile(disk, from, .read)
      let size = try opened.size()
      opened.closeQuietly()
      _ = try copier.copy(
        from, to: folder.root + "/" + file.path, bytes: file.bytes, size: size)
    }
  }
}
