import Foundation
import LogSequence
import Testing

@testable import EventLog

/// A store that the program of one segment format wrote, committed beside this file:
///
/// - `format-N/store/`: its files as a writer left them that was killed, without what is prepared
///   ahead (spare, reserve, ballast);
/// - `format-N/MANIFEST.closed`: the MANIFEST that the same writer wrote when it closed the store
///   right after: all that a clean end changes;
/// - `format-N/manifest.txt`: what is in it, one line a record (see `line`).
struct GoldenStore: CustomTestStringConvertible {
  let format: UInt16

  static let all = [GoldenStore(format: 1), GoldenStore(format: 2)]
  static let folder = URL(filePath: #filePath).deletingLastPathComponent()
  /// Where new ones are to be written; nil in a run that only tests.
  static let target = ProcessInfo.processInfo.environment["MEDDELA_TEST_MAKE_GOLDEN"]
  /// Small, so that a store of some dozen records has frames that end where blocks do.
  static let directFrameBytes = 1_000

  var testDescription: String { "format \(format)" }
  var folder: URL { Self.folder.appending(path: "format-\(format)") }
  var paths: StorePaths { StorePaths(root: folder.appending(path: "store").path()) }

  /// lsn, kind, status, previous status, flags, attempt, time, LSN of the event's record before,
  /// hash of the id, id (`-` for none), bytes of the payload, its digest.
  static func line(_ record: ModelRecord) -> String {
    let header = record.header
    let numbers: [Int64] = [
      Int64(header.lsn.rawValue), Int64(header.kind), Int64(header.status),
      Int64(header.previousStatus),
      Int64(header.flags.rawValue), Int64(header.attempt), header.time,
      Int64(header.previousLSN.rawValue),
    ]
    let id = record.id.isEmpty ? "-" : String(decoding: record.id, as: UTF8.self)
    return numbers.map { "\($0)" }.joined(separator: " ")
      + " \(hexadecimal(header.hash.high))\(hexadecimal(header.hash.low)) \(id)"
      + " \(record.payload.count) \(FileDigest(record.payload).text)"
  }

  func lines() throws -> [String] {
    try String(contentsOf: folder.appending(path: "manifest.txt"), encoding: .utf8)
      .split(separator: "\n").map { String($0) }
  }

  /// A copy to work with. `isClosed`: as after a clean end.
  func copy(to directory: TemporaryDirectory, isClosed: Bool = false) throws -> EventLogOptions {
    let files = FileManager.default
    var options = directory.options(segmentBytes: 64 << 10)
    options.directFrameBytes = Self.directFrameBytes
    options.directBytesPerSecond = 0
    try files.copyItem(atPath: paths.root, toPath: options.path)
    if isClosed {
      let manifest = StorePaths(root: options.path).manifest
      try files.removeItem(atPath: manifest)
      try files.copyItem(
        atPath: folder.appending(path: "MANIFEST.closed").path(), toPath: manifest)
    }
    return options
  }

  func bytes(_ path: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(filePath: path))) }

  func identity() throws -> StoreIdentity {
    try StoreIdentity.decode(try bytes(paths.identity), file: paths.identity)
  }

  func manifest() throws -> Manifest {
    try Manifest.decode(
      try bytes(paths.manifest), store: try identity().store, file: paths.manifest)
  }
}
