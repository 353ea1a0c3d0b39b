internal import Glibc

/// A new store that is made aside and appears in its place in one step, complete. Never written
/// over anything that is there.
struct StagedStore {
  private let target: StorePaths
  private let disk: LinuxDisk
  /// Where it is made.
  let folder: StorePaths

  /// Makes the folder beside the target, or in it where it is there, for it may be a volume of its
  /// own: renames put everything in place.
  ///
  /// - Parameter doing: a word for the folder's name, as "restoring".
  init(_ target: StorePaths, _ disk: LinuxDisk, doing: String) throws(EventLogError) {
    self.target = target
    self.disk = disk
    let place = target.root + (Self.isThere(target) ? "/" : ".")
    var template = Array("\(place)\(doing)-XXXXXX".utf8CString)
    guard let name = mkdtemp(&template) else {
      throw EventLogError(
        .cannotCreate, "the directory could not be made", systemError: errno, file: target.root)
    }
    folder = StorePaths(root: String(cString: name))
    chmod(folder.root, 0o750)
    _ = try disk.makeDirectoryIfAbsent(folder.segments)
  }

  /// - Throws: when something is in the target's place.
  static func check(_ target: StorePaths, _ disk: LinuxDisk) throws(EventLogError) {
    guard try disk.isVacant(target.root) else {
      throw EventLogError(
        .cannotCreate, "there is something here already; nothing is overwritten",
        advice: "Move it away first, or name another path.", file: target.root)
    }
  }

  /// As one step: by the folder's name, or into a folder that is there by the files' names. STORE
  /// comes last then: without it there is no store.
  func put() throws(EventLogError) {
    try disk.syncNames(folder.segments)
    try disk.syncNames(folder.root)
    try disk.syncFolders(above: target)
    guard Self.isThere(target) else {
      return try disk.renameDurably(folder.root, to: target.root, in: target.parent)
    }
    let names = try disk.names(in: folder.root).filter { $0 != StoreIdentity.fileName }
    for name in names + [StoreIdentity.fileName] {
      try disk.renameNewDurably(
        folder.root + "/" + name, to: target.root + "/" + name, in: target.root)
    }
    rmdir(folder.root)
  }

  /// Nothing of it is left.
  func remove() {
    for directory in [folder.segments, folder.root] {
      for name in (try? disk.list(directory)) ?? [] { try? disk.remove(directory + "/" + name) }
      rmdir(directory)
    }
  }

  private static func isThere(_ target: StorePaths) -> Bool { access(target.root, F_OK) == 0 }
}
