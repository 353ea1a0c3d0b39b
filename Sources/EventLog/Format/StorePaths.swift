/// Where the files of a store are.
struct StorePaths: Sendable {
  let root: String

  var lock: String { root + "/LOCK" }
  var identity: String { root + "/" + StoreIdentity.fileName }
  var manifest: String { root + "/" + Manifest.fileName }
  var durable: String { root + "/" + DurableMark.fileName }
  var clock: String { root + "/" + ClockFile.fileName }
  var clockConfirmation: String { root + "/" + ClockConfirmation.fileName }
  var segments: String { root + "/segments" }
  /// Derived files: tables, positions and the checkpoint.
  var index: String { root + "/index" }
  var checkpoint: String { index + "/" + Self.checkpointName }
  static let checkpointName = "checkpoint"
  var quarantine: String { root + "/quarantine" }
  /// The next segment: zeros from end to end, and known to be durable by its name.
  var spare: String { segments + "/spare.next" }
  /// The segment after that, for when there is no room to make one.
  var reserve: String { segments + "/reserve.next" }
  /// Blocks to give back when not even a manifest finds room.
  var ballast: String { root + "/" + Self.ballastName }
  static let ballastName = "BALLAST"
  /// The next segment while it is filled.
  var unfinishedSpare: String { segments + "/spare.tmp" }

  var parent: String {
    guard let slash = root.lastIndex(of: "/") else { return "." }
    return slash == root.startIndex ? "/" : String(root[..<slash])
  }

  func positions(_ segment: UInt64) -> String {
    index + "/" + hexadecimal(segment) + ".positions"
  }

  func table(_ range: SegmentRange, level: UInt8) -> String {
    index + "/" + hexadecimal(range.first) + "-" + hexadecimal(range.last) + ".\(level).table"
  }

  func segment(_ id: UInt64) -> String { segments + "/" + SegmentHeader.fileName(id) }
}
