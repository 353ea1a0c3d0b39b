import Foundation
import TestSupport
import Testing

@testable import EventLog

/// Stores that earlier programs wrote are read, verified, written on, and mean the same.
@Suite struct GoldenStoreTests {
  @Test(arguments: GoldenStore.all)
  func `Every record reads as the list beside it says`(_ golden: GoldenStore) throws {
    let directory = TemporaryDirectory()
    let options = try golden.copy(to: directory)
    #expect(try Self.lines(options) == golden.lines())
    let kinds = try Set(golden.lines().map { $0.split(separator: " ")[1] })
    #expect(kinds.isSuperset(of: ["1", "2", "3", "4", "5", "6"]))
    let segments = try golden.manifest().segments
    #expect(segments.dropLast().count == 2 && segments.last?.end == nil)
    for segment in segments {
      #expect(try golden.bytes(golden.paths.segment(segment.id))[8] == UInt8(golden.format))
    }
  }

  @Test(arguments: GoldenStore.all, [false, true])
  func `Verifying finds nothing`(_ golden: GoldenStore, isClosed: Bool) throws {
    let directory = TemporaryDirectory()
    let options = try golden.copy(to: directory, isClosed: isClosed)
    let report = try StoreVerifier(path: options.path).run()
    #expect(report.findings.isEmpty && report.notes.isEmpty)
    #expect(report.records == (try golden.lines().count))
    #expect(report.segments == 3)
  }

  @Test(arguments: GoldenStore.all, [false, true])
  func `A writer goes on from it, with all that was there`(
    _ golden: GoldenStore, isClosed: Bool
  ) throws {
    let directory = TemporaryDirectory()
    let options = try golden.copy(to: directory, isClosed: isClosed)
    let known = try Self.models(options)
    var model = Model()
    for record in known { model.add(record) }
    let owner = Owner()
    var replayed: [ModelRecord] = []
    let log = try EventLog.open(options, callbacks: owner.callbacks) {
      replayed.append(ModelRecord($0))
    }
    #expect(log.recovery.wasClosed == isClosed)
    #expect(log.recovery.tail == .clean)
    let covered = try #require(try golden.manifest().segments[1].end).point.lsn
    #expect(replayed == model.replay(covered: covered))
    var random = SeededRandom(UInt64(golden.format))
    for _ in 0..<200 {
      log.append(model.makeRecord(&random, hash: { log.hash(of: $0) }))
      log.endTurn()
    }
    try log.close()
    #expect(try Self.models(options) == model.records)
    #expect(try StoreVerifier(path: options.path).run().findings.isEmpty)
    let reader = try EventLogReader(path: options.path)
    for id in model.events {
      #expect(try reader.history(of: id).models == model.history(id))
    }
  }

  /// What stands in `index` was made by the earlier program; this one makes the same.
  @Test(arguments: GoldenStore.all)
  func `Derived files made again are the same, byte by byte`(_ golden: GoldenStore) throws {
    let directory = TemporaryDirectory()
    let options = try golden.copy(to: directory, isClosed: true)
    let paths = StorePaths(root: options.path)
    let names = try LinuxDisk().list(paths.index)
    #expect(names.count == 5, "two tables, two lists of positions, a checkpoint")
    for name in names { try LinuxDisk().remove(paths.index + "/" + name) }
    let log = try SyncLog(options)
    try log.maintain()
    log.kill()
    for name in names {
      let made = try golden.bytes(paths.index + "/" + name)
      #expect(try made == golden.bytes(golden.paths.index + "/" + name), "\(name)")
    }
  }

  private static func models(_ options: EventLogOptions) throws -> [ModelRecord] {
    var records: [ModelRecord] = []
    try EventLogReader(path: options.path).forEachRecord { records.append(ModelRecord($0)) }
    return records
  }

  private static func lines(_ options: EventLogOptions) throws -> [String] {
    try models(options).map(GoldenStore.line)
  }
}
