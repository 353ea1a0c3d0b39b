package import LogSequence

/// Who a store is, and how far it has come: what an owner's right to a shard's queues is judged by.
package struct StoreStanding: Equatable, Sendable {
  /// The store's id, lowercase hexadecimal. A copy and a restored backup have the same.
  package var storeID: String
  /// Which history of the store this is.
  package var lineage: UInt64
  /// How often it has been opened by a writer.
  package var epoch: UInt64
  /// The last durable record, 0 when there is none.
  package var lsn: LSN

  package init(storeID: String, lineage: UInt64, epoch: UInt64, lsn: LSN) {
    self.storeID = storeID
    self.lineage = lineage
    self.epoch = epoch
    self.lsn = lsn
  }

  /// As another process sees it. Takes no lock and changes nothing; of a store that crashed it
  /// reads the newest segment.
  ///
  /// - Returns: nil when no store has been made here yet.
  /// - Throws: what opening it would throw, where its bytes are damaged.
  package static func read(
    path: String, disk: any Disk = LinuxDisk()
  ) throws(EventLogError) -> StoreStanding? {
    let paths = StorePaths(root: path)
    guard let bytes = try disk.contents(of: paths.identity, atMost: 1 << 20) else { return nil }
    let identity = try StoreIdentity.decode(bytes, file: paths.identity)
    let snapshot = try Snapshot.take(disk, paths, identity)
    return StoreStanding(
      storeID: identity.store.text, lineage: snapshot.manifest.lineage,
      epoch: snapshot.manifest.epoch, lsn: snapshot.end.lsn)
  }

  /// - Throws: `locked` when a writer has the store now, as opening it would.
  package static func refuseWriter(
    path: String, disk: any Disk = LinuxDisk()
  ) throws(EventLogError) {
    let paths = StorePaths(root: path)
    if try StoreLock.holder(disk, paths) != .nobody { throw StoreLock.held(paths) }
  }
}
