internal import LogSequence

/// Copies the files of a folder that are written once and never change (the templates that events
/// pin), with a listing of checksums as a store's backup has, and puts them back. Files whose names
/// end in `.tmp` are unfinished and left out.
package struct FolderBackup {
  private let path: String
  private let target: String
  private let disk = LinuxDisk()

  /// - Parameter target: an absent or empty directory; its parent must exist.
  package init(path: String, to target: String) {
    self.path = path
    self.target = target
  }

  package func run() throws(EventLogError) -> BackupListing {
    let paths = StorePaths(root: target)
    try makeEmpty(target)
    let copier = FileCopier(disk) { _ in }
    var files: [BackupListing.File] = []
    for name in try disk.names(in: path)
    where !name.hasSuffix(".tmp") && name != LinuxDisk.lostAndFound {
      files.append(try copy(name, try size(path + "/" + name), copier))
    }
    let listing = BackupListing(
      storeID: "folder", created: wallNanoseconds(), epoch: 0, lsn: 0, sequence: 0, files: files)
    try disk.syncFolders(above: paths)
    try disk.replaceFile(BackupListing.fileName, in: target, with: listing.encoded())
    return listing
  }

  /// `path` is the backup, `target` the folder it was made from.
  package func restore() throws(EventLogError) -> BackupListing {
    let listing = try StoreRestore.listing(path, disk)
    try makeEmpty(target)
    let copier = FileCopier(disk) { _ in }
    for file in listing.files {
      let copied = try copy(file.path, file.bytes, copier)
      guard copied.digest == file.digest else {
        throw .damaged(
          path + "/" + file.path, nil,
          "the checksum of the file is not the one that the backup lists")
      }
    }
    try disk.syncNames(target)
    try disk.syncFolders(above: StorePaths(root: target))
    return listing
  }

  private func copy(
    _ name: String, _ bytes: Int64, _ copier: FileCopier
  ) throws(EventLogError) -> BackupListing.File {
    let digest = try copier.copy(
      path + "/" + name, to: target + "/" + name, bytes: bytes, size: bytes)
    return BackupListing.File(path: name, bytes: bytes, digest: digest)
  }

  private func size(_ file: String) throws(EventLogError) -> Int64 {
    let opened = try DiskFile(disk, file, .read)
    defer { opened.closeQuietly() }
    return try opened.size()
  }

  private func makeEmpty(_ path: String) throws(EventLogError) {
    if try !disk.makeDirectoryIfAbsent(path), try !disk.isVacant(path) {
      throw EventLogError(
        .cannotCreate, "there is something here already; nothing is overwritten",
        advice: "Name a directory that does not exist or is empty.", file: path)
    }
  }
}
