import Glibc
import LogSequence
import TestSupport
import Testing

@testable import EventLog

/// `StoreVerifier`: says of a sound store that it is, and of any other where it is not.
@Suite struct VerifyTests {
  @Test(arguments: [true, false])
  func `A sound store has no findings and all its records counted`(isClosed: Bool) throws {
    let store = try ToolStore(seed: 1, isClosed: isClosed)
    var told: [(Int64, Int64)] = []
    let report = try StoreVerifier(path: store.path).run(progress: {
      told.append(($0, $1))
      return true
    })
    #expect(report.findings == [])
    #expect(report.records == store.model.records.count)
    #expect(report.durableLSN == LSN(store.model.records.count))
    #expect(report.segments == (try store.segments.count))
    #expect(report.segments > 3)
    #expect(told.allSatisfy { $0.0 <= $0.1 })
    #expect(zip(told, told.dropFirst()).allSatisfy { $0.0.0 <= $0.1.0 })
  }

  @Test func `Every kind of byte is checked, and the finding names file and place`() throws {
    let store = try ToolStore(seed: 2)
    let segments = try store.segments
    let frames = try Bytes.frames(segments[1])
    let frame = try #require(frames.dropFirst(2).first { $0.header.kind == .data })
    let end = frame.offset + 64 + frame.header.payloadBytes
    var places: [(String, Int)] = [
      (segments[0], 0), (segments[0], 9), (segments[1], 20), (segments[1], 3000),
      (segments[1], 4093),
    ]
    for offset in stride(from: 0, to: 64, by: 3) {
      places.append((segments[1], frame.offset + offset))
    }
    for offset in [64, 68, 90, 104, 110, 118, 150] {
      places.append((segments[1], frame.offset + offset))
    }
    if end % 64 != 0 { places.append((segments[1], end)) }
    places.append((store.path + "/MANIFEST", 100))
    places.append((store.path + "/STORE", 30))
    for (file, offset) in places {
      try Bytes.flip(file, offset)
      let report = try StoreVerifier(path: store.path).run()
      #expect(report.findings.first?.file == file, "byte \(offset) of \(file)")
      if file == segments[1], offset > 4096 {
        #expect(report.findings.first?.offset == Int64(frame.offset), "byte \(offset)")
      }
      try Bytes.flip(file, offset)
    }
    #expect(try StoreVerifier(path: store.path).run().isSound)
  }

  @Test func `It goes on behind damage and says which records are lost`() throws {
    let store = try ToolStore(seed: 3)
    let segments = try store.segments
    let first = try #require(try Bytes.frames(segments[0]).last { $0.header.recordCount > 2 })
    let second = try #require(try Bytes.frames(segments[2]).first { $0.header.recordCount > 2 })
    try Bytes.flip(segments[0], first.offset + 100)
    try Bytes.flip(segments[2], second.offset + 20)
    var told: [StoreFinding] = []
    let report = try StoreVerifier(path: store.path).run(onFinding: { told.append($0) })
    #expect(told == report.findings)
    #expect(report.findings.map(\.file) == [segments[0], segments[2]])
    let lost = report.findings.map(\.lostRecords)
    #expect(lost == [records(first.header), records(second.header)])
    let all = store.model.records.count
    #expect(report.records == all - first.header.recordCount - second.header.recordCount)
  }

  private func records(_ header: FrameHeader) -> ClosedRange<LSN> {
    header.firstLSN...(header.firstLSN.advanced(by: header.recordCount).previous)
  }

  @Test func `A record whose own checksum is wrong inside a frame whose checksum is right`()
    throws
  {
    let store = try ToolStore(seed: 4)
    let segment = try #require(try store.segments.dropLast().last)
    var bytes = try Bytes.read(segment)
    let salt = try SegmentHeader.decode(Array(bytes[..<4096]), file: "").frameSalt
    // The last frame of a segment: its own chain value is the manifest's, so that is found too.
    let frame = try #require(try Bytes.frames(segment).last { $0.header.kind == .data })
    bytes[frame.offset + 64 + 41] ^= 1  // the status of its first record
    bytes.withMutableBytes { all in
      guard let base = all.baseAddress else { return }
      var header = frame.header
      header.payloadChecksum = checksum(
        base + frame.offset + 64, header.payloadBytes,
        seed: salt.payload(sequence: header.sequence))
      header.encode(at: base + frame.offset, salt: salt)
    }
    try Bytes.write(segment, bytes)
    let report = try StoreVerifier(path: store.path).run()
    let finding = try #require(report.findings.first)
    #expect(finding.offset == Int64(frame.offset + 64))
    #expect(finding.lostRecords == frame.header.firstLSN...frame.header.firstLSN)
  }

  @Test func `Missing, swapped, shortened, foreign and unlisted segments are told apart`() throws {
    let store = try ToolStore(seed: 5)
    let segments = try store.segments
    let first = try Bytes.read(segments[0])
    let second = try Bytes.read(segments[1])

    unlink(segments[1])
    var report = try StoreVerifier(path: store.path).run()
    #expect(report.findings.map(\.file) == [segments[1]])
    #expect(report.findings.first?.found.contains("missing") == true)

    try Bytes.write(segments[1], first)
    report = try StoreVerifier(path: store.path).run()
    #expect(report.findings.first?.file == segments[1])

    try Bytes.write(segments[1], Array(second[..<10_000]))
    report = try StoreVerifier(path: store.path).run()
    #expect(report.findings.first?.file == segments[1])
    #expect(report.findings.first?.offset == 10_000)

    let other = try ToolStore(seed: 6)
    try Bytes.write(segments[1], try Bytes.read(try other.segments[1]))
    report = try StoreVerifier(path: store.path).run()
    #expect(report.findings.first?.found.contains("belongs to store") == true)

    try Bytes.write(segments[1], second)
    let stray = store.path + "/segments/00000000000000aa.log"
    try Bytes.write(stray, second)
    report = try StoreVerifier(path: store.path).run()
    #expect(report.findings.map(\.file) == [stray])
    unlink(stray)
    #expect(try StoreVerifier(path: store.path).run().isSound)
  }

  @Test func `Beside a running writer it finds nothing wrong`() throws {
    let store = try ToolStore(seed: 7)
    let writer = try BackgroundWriter(store)
    defer { writer.stop() }
    for _ in 0..<6 {
      let before = writer.owner.durableLSN
      let report = try StoreVerifier(path: store.path).run()
      #expect(report.findings == [])
      #expect(report.hasWriter)
      // The mark is written after the sync and before the owner is told.
      #expect(report.durableLSN >= before)
    }
    #expect(writer.stop() > LSN(store.model.records.count))
  }

  @Test func `A segment that cannot be read is named with the place, the others are checked`()
    throws
  {
    let disk = MemoryDisk()
    let options = try EventLogOptions.inMemory(disk)
    let owner = Owner()
    let log = try EventLog.open(options, callbacks: owner.callbacks)
    var model = Model()
    var random = SeededRandom(9)
    for _ in 0..<600 {
      log.append(model.makeRecord(&random, hash: { log.hash(of: $0) }))
      log.endTurn()
    }
    #expect(owner.waitDurable(log.nextLSN.previous))
    try log.close()
    let names = try disk.list("/d/store/segments").filter { $0.hasSuffix(".log") }
    try #require(names.count > 3)
    let bad = "/d/store/segments/\(names[1])"
    disk.makeUnreadable(bad, from: 40_960)
    let report = try StoreVerifier(path: "/d/store", disk: disk).run()
    #expect(report.findings.map(\.file) == [bad])
    #expect(report.findings.first?.offset == 40_960)
    #expect(report.segments == names.count)
    #expect(report.durableLSN == 600)
    #expect(report.records < 600 && report.records > 300)
  }

  @Test func `A directory without a store is refused, a stopped run says so`() throws {
    let directory = TemporaryDirectory()
    #expect(throws: EventLogError.self) { try StoreVerifier(path: directory.path).run() }
    let store = try ToolStore(seed: 8)
    let report = try StoreVerifier(path: store.path).run(progress: { _, _ in false })
    #expect(report.wasStopped)
    #expect(report.records < store.model.records.count)
  }

  @Test func `Segments that retention removes during the pass are no damage, nor is what follows`()
    throws
  {
    let (disk, model) = try DamageTests.store()
    let log = try SyncLog(.simulated(disk))
    var hasRemoved = false
    let report = try StoreVerifier(path: "/store", disk: disk).run(progress: { _, _ in
      // While the first segment is read, it and the one behind it go.
      if !hasRemoved {
        hasRemoved = true
        let origin = try? log.opened.writer.drop(through: 2)
        #expect(origin != nil)
        for id in 1...(2 as UInt64) {
          try? disk.remove("/store/segments/" + SegmentHeader.fileName(id))
        }
      }
      return true
    })
    log.kill()
    #expect(hasRemoved && report.records < model.records.count)
    #expect(report.findings.isEmpty, "\(report.findings)")
  }
}
