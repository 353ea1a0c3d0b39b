internal import Glibc

/// What a store's file CLOCK says, and a person's word on it. Takes no lock: it may be used beside
/// the service, which takes a confirmation within ten seconds, and before a start.
package struct StoreClock {
  private let paths: StorePaths
  private let disk: any Disk

  /// How the wall clock and the store's time stand to each other.
  package enum Standing: Equatable, Sendable {
    /// The file is not there, or damaged: the next start of the service makes it.
    case unknown(isDamaged: Bool)
    /// There is nothing to confirm.
    case agreeing
    /// By the wall clock the store was closed for so long, which is not counted before it is
    /// confirmed, by a person or by the time left, with the clock as it is.
    case waiting(closedSeconds: Int64, leftSeconds: Int64)
    /// The wall clock stands so much before where it stood. Of the times that the store is closed
    /// from now on so much is not counted.
    case behind(seconds: Int64)
  }

  package init(path: String, disk: any Disk = LinuxDisk()) {
    paths = StorePaths(root: path)
    self.disk = disk
  }

  /// - Parameter wall: of a store that nobody has open, what the wall clock says now, unix ns.
  /// - Throws: `notAStore` when there is none.
  package func standing(
    wall: Int64 = wallNanoseconds()
  ) throws(EventLogError) -> (Standing, hasWriter: Bool) {
    let (standing, _, hasWriter) = try look(wall)
    return (standing, hasWriter)
  }

  /// Says that the wall clock is right. What was confirmed; nothing is written where there is
  /// nothing to confirm.
  package func confirm(
    wall: Int64 = wallNanoseconds()
  ) throws(EventLogError) -> (Standing, hasWriter: Bool) {
    let (standing, confirmation, hasWriter) = try look(wall)
    if let confirmation {
      let temporary = ClockConfirmation.fileName + ".tmp"
      try disk.replaceFile(
        ClockConfirmation.fileName, in: paths.root, with: confirmation.encoded(),
        temporary: temporary
      ) { giveToOwner(paths.root + "/" + temporary) }
    }
    return (standing, hasWriter)
  }

  private func look(
    _ wall: Int64
  ) throws(EventLogError) -> (Standing, ClockConfirmation?, hasWriter: Bool) {
    guard let bytes = try disk.contents(of: paths.identity, atMost: 1 << 20) else {
      throw EventLogError(
        .notAStore, "there is no event log here", advice: "Check the path of the store.",
        file: paths.identity)
    }
    let store = try StoreIdentity.decode(bytes, file: paths.identity).store
    let hasWriter = try StoreLock.holder(disk, paths) != .nobody
    let found = ClockFile.read(disk, paths, store: store)
    guard let time = found.file?.time else {
      return (.unknown(isDamaged: found.isDamaged), nil, hasWriter)
    }
    let limits = ClockLimits(retentionSeconds: time.retentionSeconds)
    let gap = hasWriter ? time.gap : time.gap.plus(wall.less(time.wall))
    let confirmation = ClockConfirmation(store: store, gap: gap)
    if gap > limits.believed {
      let left = limits.confirmation.less(time.isWaiting ? time.stood : 0)
      let standing = Standing.waiting(
        closedSeconds: gap / 1_000_000_000, leftSeconds: max(0, left) / 1_000_000_000)
      return (standing, confirmation, hasWriter)
    }
    if gap < Int64(0).less(limits.tolerance) {
      let behind = Int64(0).less(gap) / 1_000_000_000
      return (.behind(seconds: behind), confirmation, hasWriter)
    }
    return (.agreeing, nil, hasWriter)
  }

  /// So that the service can read what another user, root say, has written. Where it cannot be
  /// given away, the service says that it cannot read it.
  private func giveToOwner(_ path: String) {
    var status = stat()
    guard disk is LinuxDisk, stat(paths.identity, &status) == 0 else { return }
    _ = chown(path, status.st_uid, status.st_gid)
  }
}
