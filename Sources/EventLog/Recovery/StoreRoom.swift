/// How large the segments of a new store can be on the file system that it is to be made on.
///
/// A segment of the wanted size, its spare and its reserve are preallocated. On a small file system
/// that would be all there is, so where the size may be chosen it is halved until a fourth segment
/// and what belongs to it fit, too.
package struct StoreRoom: Equatable, Sendable {
  /// What a segment gets.
  package let segmentBytes: Int
  /// What it would get where there is room.
  package let wantedBytes: Int
  /// What was free, and what a store with segments of the wanted size needs.
  package let freeBytes: Int64
  package let neededBytes: Int64

  /// What is made beside the segments: ballast, manifest, identity, directories.
  private static let besideBytes: Int64 = 1 << 20

  /// What a start makes: a segment, its spare and its reserve.
  static func bytesOfStart(segmentBytes: Int) -> Int64 {
    3 * Int64(segmentBytes) + besideBytes
  }

  /// What a store needs to go on beyond its first segment: one more, and a quarter of one for the
  /// derived files.
  static func bytesOfStore(segmentBytes: Int) -> Int64 {
    4 * Int64(segmentBytes) + Int64(segmentBytes / 4)
  }

  /// Looks at the store's file system. Changes nothing, and needs no lock.
  ///
  /// - Returns: nil when there is a store already, or the file system does not say what is free.
  /// - Throws: `cannotCreate` when there is too little room for a new one, `missing` when there
  ///   must be one.
  package static func check(_ options: EventLogOptions) throws(EventLogError) -> StoreRoom? {
    let options = try options.checked()
    let paths = StorePaths(root: options.path)
    try StoreCreation.checkPermitted(options, paths)
    guard try options.disk.contents(of: paths.identity, atMost: 1 << 20) == nil else { return nil }
    return try ofNewStore(options, paths)
  }

  /// The same of a store that is not there.
  static func ofNewStore(
    _ options: EventLogOptions, _ paths: StorePaths
  ) throws(EventLogError) -> StoreRoom? {
    guard let free = freeBytes(options.disk, paths) else { return nil }
    guard let least = options.leastSegmentBytes else {
      let needed = bytesOfStart(segmentBytes: options.segmentBytes)
      guard free < needed else { return nil }
      throw noRoom(
        options, free: free, needed: needed,
        advice: """
          Free space on this file system, put the store on another one, or make the segments \
          smaller (segmentBytes is \(options.segmentBytes)).
          """)
    }
    var segmentBytes = options.segmentBytes
    while bytesOfStore(segmentBytes: segmentBytes) > free {
      let half = roundUp(segmentBytes / 2, to: Limits.blockBytes)
      guard half >= least else {
        throw noRoom(
          options, free: free, needed: bytesOfStore(segmentBytes: segmentBytes),
          advice: "Free space on this file system, or put the store on another one.")
      }
      segmentBytes = half
    }
    return StoreRoom(
      segmentBytes: segmentBytes, wantedBytes: options.segmentBytes, freeBytes: free,
      neededBytes: bytesOfStore(segmentBytes: options.segmentBytes))
  }

  private static func noRoom(
    _ options: EventLogOptions, free: Int64, needed: Int64, advice: String
  ) -> EventLogError {
    EventLogError(
      .cannotCreate,
      """
      there is too little room for a new store: it needs \(mebibytes(needed, .up)) MiB, and \
      \(mebibytes(free, .down)) MiB are free
      """,
      advice: advice, file: options.path)
  }

  /// So that what is said to be enough is enough, and what is said to be free is there.
  private static func mebibytes(_ bytes: Int64, _ rule: FloatingPointRoundingRule) -> String {
    let tenths = Int64((Double(bytes) * 10 / Double(1 << 20)).rounded(rule))
    return tenths % 10 == 0 ? "\(tenths / 10)" : "\(tenths / 10).\(tenths % 10)"
  }

  /// What is free, and what an interrupted creation left, which is removed first, or is LOCK.
  private static func freeBytes(_ disk: any Disk, _ paths: StorePaths) -> Int64? {
    var path = paths
    while true {
      do throws(SystemError) {
        guard let free = try disk.freeBytes(path.root) else { return nil }
        return free + leftBytes(disk, paths)
      } catch .absent {
        let parent = path.parent
        if parent == path.root { return nil }
        path = StorePaths(root: parent)
      } catch {
        // Whatever is wrong with the path is said when the store is made.
        return nil
      }
    }
  }

  private static func leftBytes(_ disk: any Disk, _ paths: StorePaths) -> Int64 {
    var bytes: Int64 = 0
    let files = [paths.lock, paths.spare, paths.reserve, paths.unfinishedSpare, paths.segment(1)]
    for file in files {
      guard let descriptor = try? disk.open(file, .read) else { continue }
      bytes += (try? disk.size(descriptor)) ?? 0
      try? disk.close(descriptor)
    }
    return bytes
  }
}
