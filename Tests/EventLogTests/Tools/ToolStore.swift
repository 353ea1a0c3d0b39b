import Glibc
import LogSequence
import TestSupport

@testable import EventLog

/// A store on the real file system with several small segments, and what it holds.
struct ToolStore {
  let directory = TemporaryDirectory()
  private(set) var model = Model()
  private var random: SeededRandom

  var path: String { directory.path + "/store" }
  var options: EventLogOptions { directory.options(segmentBytes: 64 << 10) }

  /// - Parameters:
  ///   - isClosed: false leaves it as a killed process would.
  init(seed: UInt64, records: Int = 600, isClosed: Bool = true) throws {
    random = SeededRandom(seed)
    try add(records, isClosed: isClosed)
  }

  mutating func add(_ records: Int, isClosed: Bool) throws {
    let owner = Owner()
    let log = try EventLog.open(options, callbacks: owner.callbacks)
    var left = records
    while left > 0 {
      let count = min(left, Int.random(in: 1...20, using: &random))
      for _ in 0..<count {
        log.append(model.makeRecord(&random, hash: { log.hash(of: $0) }))
      }
      log.endTurn()
      precondition(owner.waitDurable(log.nextLSN.previous), "the log failed")
      left -= count
    }
    if isClosed { try log.close() } else { log.abandon() }
  }

  /// Names of the segment files, oldest first.
  var segments: [String] {
    get throws {
      try LinuxDisk().list(path + "/segments").filter { $0.hasSuffix(".log") }
        .map { path + "/segments/" + $0 }
    }
  }

  /// Every record after opening the store as the service does.
  func reopened(_ path: String) throws -> [ModelRecord] {
    var options = self.options
    options.path = path
    try EventLog.open(options, callbacks: Owner().callbacks).close()
    var records: [ModelRecord] = []
    try EventLogReader(path: path).forEachRecord { records.append(ModelRecord($0)) }
    return records
  }
}

/// A file's bytes, and bytes put in their place.
enum Bytes {
  static func read(_ path: String) throws -> [UInt8] {
    try LinuxDisk().contents(of: path, atMost: 1 << 30) ?? []
  }

  static func write(_ path: String, _ bytes: [UInt8]) throws {
    let file = try DiskFile(LinuxDisk(), path, .replace)
    try bytes.withBytes { (all) throws(EventLogError) in try file.write(all, at: 0) }
    try file.close()
  }

  static func flip(_ path: String, _ offset: Int, _ mask: UInt8 = 0x20) throws {
    var bytes = try read(path)
    bytes[offset] ^= mask
    try write(path, bytes)
  }

  /// Offset and header of every frame of a segment file.
  static func frames(_ path: String) throws -> [(offset: Int, header: FrameHeader)] {
    let bytes = try read(path)
    let segment = try SegmentHeader.decode(Array(bytes[..<4096]), file: path)
    var found: [(Int, FrameHeader)] = []
    var offset = 4096
    while let header = bytes.withBytes({ all -> FrameHeader? in
      guard offset + 64 <= all.count, let base = all.baseAddress else { return nil }
      return FrameHeader.decode(base + offset, salt: segment.frameSalt)
    }) {
      found.append((offset, header))
      offset += header.totalBytes
    }
    return found
  }
}
