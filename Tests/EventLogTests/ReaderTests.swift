import LogSequence
import TestSupport
import Testing

@testable import EventLog

/// Reading from outside, without the lock.
@Suite struct ReaderTests {
  private func all(_ reader: EventLogReader, from first: LSN = 1) throws -> [ModelRecord] {
    var records: [ModelRecord] = []
    try reader.forEachRecord(from: first) { records.append(ModelRecord($0)) }
    return records
  }

  @Test func `A reader beside the writer sees all that is durable and nothing else`() throws {
    let directory = TemporaryDirectory()
    let owner = Owner()
    var random = SeededRandom(2)
    var model = Model()
    let options = directory.options(segmentBytes: 64 << 10)
    let log = try EventLog.open(options, callbacks: owner.callbacks)
    var rolled = false
    for round in 0..<60 {
      for _ in 0..<10 { log.append(model.makeRecord(&random, hash: { log.hash(of: $0) })) }
      let before = log.durableLSN
      let reader = try EventLogReader(path: options.path)
      // Mid-turn: the ten new records cannot be durable.
      #expect(reader.hasWriter)
      #expect(reader.durableLSN >= before)
      let seen = try all(reader)
      #expect(seen.count == Int(reader.durableLSN.rawValue))
      #expect(seen == Array(model.records.prefix(seen.count)), "round \(round)")
      #expect(seen.count <= model.records.count - 10)
      log.endTurn()
      if round % 3 == 0 {
        #expect(owner.waitDurable(model.nextLSN.previous))
        // The snapshot stays what it was, and moves when told.
        #expect(try all(reader) == seen)
        try reader.refresh()
        #expect(try all(reader) == model.records)
        rolled = rolled || reader.segmentCount > 2
      }
    }
    #expect(rolled)
    let reader = try EventLogReader(path: options.path)
    for id in model.newest.keys {
      let history = try reader.history(of: id).models
      #expect(history == model.history(id).filter { $0.header.lsn <= reader.durableLSN })
    }
    #expect(try reader.history(of: Array("nobody".utf8)).isEmpty)
    try log.close()
    try reader.refresh()
    #expect(!reader.hasWriter)
    #expect(try all(reader) == model.records)
    #expect(try all(reader, from: 150) == Array(model.records[149...]))
  }

  @Test func `Without the mark the newest frame under a writer is not believed`() throws {
    let disk = SimDisk()
    var random = SeededRandom(3)
    var model = Model()
    let log = try SyncLog(.simulated(disk))
    try log.commit([model.makeRecord(&random, hash: log.hash)])
    try log.commit([model.makeRecord(&random, hash: log.hash)])
    try disk.remove("/store/DURABLE")
    let blind = try EventLogReader(path: "/store", disk: disk)
    #expect(try all(blind) == Array(model.records.prefix(1)))
    try log.confirm()
    try blind.refresh()
    #expect(try all(blind) == model.records)
    log.kill()
    #expect(try EventLogReader(path: "/store", disk: disk).hasWriter == false)
  }

  @Test func `After a crash a reader sees what recovery will accept, and writes nothing`() throws {
    for seed in seeds(40) {
      var random = SeededRandom(seed)
      let first = SimDisk()
      var model = Model()
      let log = try SyncLog(.simulated(first))
      for _ in 0..<20 {
        try log.commit((0..<6).map { _ in model.makeRecord(&random, hash: log.hash) })
      }
      first.arm(.crash, atCall: Int.random(in: 1...2, using: &random))
      let batch = (0..<9).map { _ in model.makeRecord(&random, hash: log.hash) }
      #expect(throws: EventLogError.self) { try log.commit(batch) }
      let disk = first.afterPowerCut(&random)
      let files = disk.files
      let reader = try EventLogReader(path: "/store", disk: disk)
      let seen = try all(reader)
      #expect(disk.calls == first.calls, "seed \(seed): a reader changes nothing")
      #expect(disk.files == files)
      let recovered = try SyncLog(.simulated(disk))
      #expect(seen == recovered.recovered, "seed \(seed)")
      recovered.kill()
    }
  }

  @Test(arguments: [false, true])
  func `While a writer opens a store a reader sees what it will accept`(isClosed: Bool) throws {
    let disk = SimDisk()
    var random = SeededRandom(12)
    var model = Model()
    let log = try SyncLog(.simulated(disk))
    try log.commit((0..<6).map { _ in model.makeRecord(&random, hash: log.hash) })
    // A power cut takes this file back: it is never synced.
    let mark = try #require(disk.bytes("/store/DURABLE"))
    for _ in 0..<4 {
      try log.commit((0..<6).map { _ in model.makeRecord(&random, hash: log.hash) })
    }
    isClosed ? try log.close() : log.kill()
    disk.overwrite("/store/DURABLE") { $0 = mark }
    var found: Set<LSN> = []
    var failures = 0
    var last = ""
    let watched = WatchedDisk(disk) { _, call in
      defer { last = call }
      // It has locked the store and not said yet that it only opens it.
      if last == "lock" { return }
      do {
        found.insert(try EventLogReader(path: "/store", disk: disk).durableLSN)
      } catch {
        failures += 1
      }
    }
    var options = EventLogOptions.simulated(disk)
    options.disk = watched
    try SyncLog(options).kill()
    #expect(watched.calls > 50)
    #expect(found == [LSN(model.records.count)] && failures == 0)
  }

  @Test func `The history of an event is found by the tables, and without them as well`() throws {
    for seed in seeds(6) {
      var random = SeededRandom(seed)
      let disk = SimDisk()
      var model = Model()
      let log = try SyncLog(.simulated(disk))
      for round in 0..<60 {
        try log.commit((0..<9).map { _ in model.makeRecord(&random, hash: log.hash) })
        if round % 7 == 3 { try log.seal() }
        if round % 14 == 5 { try log.maintain(steps: Int.random(in: 0...6, using: &random)) }
      }
      try log.confirm()
      let history = { (disk: SimDisk, id: [UInt8]) throws in
        try EventLogReader(path: "/store", disk: disk).history(of: id).models
      }
      for id in model.newest.keys {
        #expect(try history(disk, id) == model.history(id), "seed \(seed)")
      }
      // A damaged table, or none: the log itself answers.
      let damaged = disk.afterKill()
      for file in damaged.files where file.hasSuffix(".table") {
        damaged.overwrite(file) { $0[TableHeader.bytes + 40] ^= 1 }
      }
      for id in model.newest.keys {
        #expect(try history(damaged, id) == model.history(id), "seed \(seed)")
      }
      log.kill()
    }
  }

  @Test func `What is open is found by the tables, and without them as well`() throws {
    for seed in seeds(8) {
      var random = SeededRandom(seed)
      let disk = SimDisk()
      var model = Model()
      let log = try SyncLog(.simulated(disk))
      for round in 0..<60 {
        try log.commit((0..<9).map { _ in model.makeRecord(&random, hash: log.hash, others: true) })
        if round % 7 == 3 { try log.seal() }
        if round % 14 == 5 { try log.maintain(steps: Int.random(in: 0...6, using: &random)) }
      }
      try log.confirm()
      let expected = model.newest.values.map { model.records[Int($0.rawValue) - 1] }
        .filter { !$0.header.flags.contains(.final) }.sorted { $0.header.lsn < $1.header.lsn }
      let open = { (disk: SimDisk, flags: RecordFlags) throws in
        var found: [ModelRecord] = []
        try EventLogReader(path: "/store", disk: disk).forEachOpen(flags) {
          found.append(ModelRecord($0))
        }
        return found
      }
      #expect(!expected.isEmpty)
      #expect(try open(disk, .publish) == expected, "seed \(seed)")
      #expect(try open(disk, [.publish, .driven]).isEmpty, "seed \(seed)")
      // Without a checkpoint, and without tables that hold: the same.
      let damaged = disk.afterKill()
      try? damaged.remove("/store/index/checkpoint")
      #expect(try open(damaged, .publish) == expected, "seed \(seed)")
      for file in damaged.files where file.hasSuffix(".table") {
        damaged.overwrite(file) { $0[TableHeader.bytes + 40] ^= 1 }
      }
      #expect(try open(damaged, .publish) == expected, "seed \(seed)")
      log.kill()
    }
  }

  @Test func `What is open is found without reading the rest`() throws {
    let disk = SimDisk()
    var random = SeededRandom(9)
    var model = Model()
    let log = try SyncLog(.simulated(disk))
    for _ in 0..<40 {
      try log.commit((0..<9).map { _ in model.makeRecord(&random, hash: log.hash) })
    }
    try log.seal()
    try log.maintain()
    try log.confirm()
    let before = disk.afterKill()
    before.overwrite("/store/segments/0000000000000001.log") { $0[5000] ^= 1 }
    let reader = try EventLogReader(path: "/store", disk: before)
    #expect(throws: EventLogError.self) { _ = try all(reader) }
    var found = 0
    try reader.forEachOpen(.publish) { _ in found += 1 }
    let open = model.newest.values.filter {
      !model.records[Int($0.rawValue) - 1].header.flags.contains(.final)
    }
    #expect(found == open.count)
    log.kill()
  }

  @Test func `The history of an event is found without reading the rest`() throws {
    let disk = SimDisk()
    var random = SeededRandom(8)
    var model = Model()
    let log = try SyncLog(.simulated(disk))
    for _ in 0..<40 {
      try log.commit((0..<9).map { _ in model.makeRecord(&random, hash: log.hash) })
    }
    try log.seal()
    try log.maintain()
    try log.confirm()
    let late = try #require(
      model.newest.keys.first { (model.history($0).first?.header.lsn ?? 0) > 200 })
    disk.overwrite("/store/segments/0000000000000001.log") { $0[5000] ^= 1 }
    let reader = try EventLogReader(path: "/store", disk: disk)
    #expect(throws: EventLogError.self) { _ = try all(reader) }
    #expect(try reader.history(of: late).models == model.history(late))
    log.kill()
  }

  @Test func `A reader meets damage with an error, not with altered data`() throws {
    let (disk, _) = try DamageTests.store()
    for offset in stride(from: 0, to: 12_000, by: 37) {
      let copy = disk.afterKill()
      copy.overwrite(DamageTests.sealed) { $0[offset] ^= 1 }
      do {
        let reader = try EventLogReader(path: "/store", disk: copy)
        // The unused end of the header and nothing else may differ unseen; it is covered too.
        #expect(throws: EventLogError.self, "byte \(offset)") { _ = try all(reader) }
      } catch {
        #expect(error.exitCode == 65)
      }
    }
  }

  @Test func `A directory that is no store is named`() {
    let error = #expect(throws: EventLogError.self) {
      _ = try EventLogReader(path: "/var/tmp/no-such-store-here")
    }
    #expect(error?.code == .notAStore)
    #expect(error?.exitCode == 65)
  }
}
