/// Makes a store that nobody has open another history of itself: what it does from now on is told
/// apart from what others with the same id and numbers have done.
package struct StoreLineage {
  private let paths: StorePaths
  private let disk: any Disk

  package init(path: String, disk: any Disk = LinuxDisk()) {
    paths = StorePaths(root: path)
    self.disk = disk
  }

  /// Durable when it returns.
  ///
  /// - Throws: `locked` when a writer has the store, `notAStore` when there is none.
  package func set(_ lineage: UInt64) throws(EventLogError) {
    guard let bytes = try disk.contents(of: paths.identity, atMost: 1 << 20) else {
      throw EventLogError(
        .notAStore, "there is no event log here", advice: "Check the path of the store.",
        file: paths.identity)
    }
    let identity = try StoreIdentity.decode(bytes, file: paths.identity)
    guard lineage <= Limits.maxCounter else {
      throw EventLogError(.badOptions, "a lineage of \(lineage) is more than a store counts to")
    }
    let lock = try StoreLock.take(disk, paths)
    defer { lock.closeQuietly() }
    let found = try Manifest.read(disk, paths, identity)
    var manifest = found
    manifest.lineage = lineage
    manifest.generation += 1
    try lock.replaceManifest(found, with: manifest)
  }

  /// One more than it has: of a copy that is not in its place yet.
  func raise() throws(EventLogError) {
    guard let standing = try StoreStanding.read(path: paths.root, disk: disk) else {
      throw .damaged(paths.identity, nil, "the restored store has no identity")
    }
    try set(standing.lineage + 1)
    try disk.removeIfPresent(paths.lock)
  }
}
