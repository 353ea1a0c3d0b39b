import LogSequence
import TestSupport
import Testing

@testable import EventLog

/// Damage to durable bytes: found, named, never repaired.
@Suite struct DamageTests {
  /// A killed store with two sealed segments and an active one, every data frame confirmed.
  static func store(closed: Bool = false) throws -> (SimDisk, Model) {
    let disk = SimDisk()
    var random = SeededRandom(42)
    var model = Model()
    let log = try SyncLog(.simulated(disk))
    while !disk.files.contains("/store/segments/0000000000000003.log") {
      try log.commit((0..<6).map { _ in model.makeRecord(&random, hash: log.hash) })
    }
    try log.commit((0..<6).map { _ in model.makeRecord(&random, hash: log.hash) })
    try log.confirm()
    if closed { try log.close() } else { log.kill() }
    return (disk.afterKill(), model)
  }

  static let sealed = "/store/segments/0000000000000001.log"
  static let active = "/store/segments/0000000000000003.log"

  private func open(_ disk: SimDisk) -> Result<[ModelRecord], EventLogError> {
    do throws(EventLogError) {
      let log = try SyncLog(.simulated(disk))
      log.kill()
      return .success(log.recovered)
    } catch {
      return .failure(error)
    }
  }

  private func expectDamage(
    _ disk: SimDisk, _ file: String?, _ what: Comment,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let before = disk.files
    switch open(disk) {
    case .success: Issue.record(what, sourceLocation: sourceLocation)
    case .failure(let error):
      #expect(error.exitCode == 65, what, sourceLocation: sourceLocation)
      if let file { #expect(error.file == file, what, sourceLocation: sourceLocation) }
      #expect(!error.sentence.isEmpty, what, sourceLocation: sourceLocation)
    }
    // Nothing was removed, and no segment was added.
    #expect(
      Set(before).isSubset(of: disk.files.map { $0 }), what, sourceLocation: sourceLocation)
  }

  @Test func `An undamaged store opens`() throws {
    let (disk, model) = try Self.store()
    #expect(try open(disk).get() == model.records)
  }

  /// Where the frames of the active segment are: offset and whole length.
  static func frames(_ bytes: [UInt8]) throws -> [(offset: Int, header: FrameHeader)] {
    let segment = try SegmentHeader.decode(Array(bytes[..<4096]), file: "")
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

  @Test(arguments: [sealed, active])
  func `Every flipped byte of a segment header is found`(path: String) throws {
    let (disk, _) = try Self.store()
    for offset in Array(0..<104) + [200, 2000, 4091, 4092, 4095] {
      let copy = disk.afterKill()
      copy.overwrite(path) { $0[offset] ^= 0x10 }
      expectDamage(copy, path, "byte \(offset)")
    }
  }

  @Test(arguments: [sealed, active])
  func `Every flipped byte of a durable frame is found`(path: String) throws {
    let (disk, _) = try Self.store()
    let bytes = try #require(disk.bytes(path))
    let all = try Self.frames(bytes)
    let frame = try #require(all.last { $0.header.recordCount > 0 })
    let payload = frame.offset + 64
    let padding = payload + frame.header.payloadBytes
    let end = frame.offset + frame.header.totalBytes
    let places =
      Array(frame.offset..<payload) + Array(payload..<(payload + 130))
      + Array((padding - 9)..<end)
    #expect(end > padding, "this frame has padding")
    for offset in places {
      let copy = disk.afterKill()
      copy.overwrite(path) { $0[offset] ^= 0x01 }
      expectDamage(copy, path, "byte \(offset)")
    }
  }

  @Test func `Damage in the newest frame is found by the mark when no frame follows`() throws {
    let (disk, _) = try Self.store()
    let log = try SyncLog(.simulated(disk))
    var random = SeededRandom(1)
    var model = Model()
    for record in log.recovered { model.add(record) }
    try log.commit([model.makeRecord(&random, hash: log.hash)])
    log.kill()
    let path = try #require(disk.files.last { $0.hasSuffix(".log") })
    let lastBytes = try #require(disk.bytes(path))
    let last = try #require(Self.frames(lastBytes).last)
    let copy = disk.afterKill()
    copy.overwrite(path) { $0[last.offset + 70] ^= 4 }
    expectDamage(copy, path, "the mark says it was durable")
    // Without the mark this is the documented window: it looks like a cut frame.
    let blind = copy.afterKill()
    try blind.remove("/store/DURABLE")
    #expect(try open(blind).get().count == model.records.count - 1)
  }

  @Test func `Every flipped byte of the manifest and of the identity is found`() throws {
    let (disk, _) = try Self.store()
    for path in ["/store/MANIFEST", "/store/STORE"] {
      let whole = try #require(disk.bytes(path))
      let count = min(whole.count, 400)
      for offset in 0..<count {
        let copy = disk.afterKill()
        copy.overwrite(path) { $0[offset] ^= 0x80 }
        expectDamage(copy, path, "byte \(offset) of \(path)")
      }
    }
  }

  @Test func `A flipped byte of the mark changes no answer`() throws {
    let (disk, model) = try Self.store()
    for offset in 0..<64 {
      let copy = disk.afterKill()
      copy.overwrite("/store/DURABLE") { $0[offset] ^= 1 }
      #expect(try open(copy).get() == model.records)
    }
  }

  @Test(arguments: [sealed, active, "/store/MANIFEST", "/store/STORE"])
  func `A missing file is damage`(path: String) throws {
    let (disk, _) = try Self.store()
    try disk.remove(path)
    expectDamage(disk, path, "\(path)")
  }

  @Test func `A shortened segment is damage wherever it ends`() throws {
    let (disk, _) = try Self.store()
    for path in [Self.sealed, Self.active] {
      let bytes = try #require(disk.bytes(path))
      let second = try Self.frames(bytes)[2]
      let lengths = [0, 100, 4096, second.offset, second.offset + 100, bytes.count - 65]
      for length in lengths where path == Self.active || length < second.offset + 200 {
        let copy = disk.afterKill()
        copy.overwrite(path) { $0.removeLast($0.count - length) }
        expectDamage(copy, path, "\(path) with \(length) bytes")
      }
    }
  }

  @Test func `A zeroed block, a doubled block and swapped frames are damage`() throws {
    let (disk, _) = try Self.store()
    for path in [Self.sealed, Self.active] {
      let whole = try #require(disk.bytes(path))
      let all = try Self.frames(whole)
      let zeroed = disk.afterKill()
      let block = all[2].offset & ~4095
      zeroed.overwrite(path) {
        $0.replaceSubrange(block..<(block + 4096), with: [UInt8](repeating: 0, count: 4096))
      }
      expectDamage(zeroed, path, "zeroed block")
      let doubled = disk.afterKill()
      let (from, to) = (all[1], all[2])
      doubled.overwrite(path) { bytes in
        let copy = bytes[from.offset..<(from.offset + from.header.totalBytes)]
        bytes.replaceSubrange(to.offset..<(to.offset + copy.count), with: copy)
      }
      expectDamage(doubled, path, "doubled frame")
    }
    let tail = disk.afterKill()
    tail.overwrite(Self.active) { bytes in
      let frame = bytes[4096..<(4096 + 64)]
      bytes.replaceSubrange((bytes.count - 4096)..<(bytes.count - 4032), with: frame)
    }
    expectDamage(tail, Self.active, "a valid header in the zeros")
  }

  @Test func `Bytes farther than one cut frame behind the end are damage`() throws {
    let (disk, _) = try Self.store()
    let bytes = try #require(disk.bytes(Self.active))
    let last = try #require(Self.frames(bytes).last)
    let end = last.offset + last.header.totalBytes
    let near = disk.afterKill()
    near.overwrite(Self.active) { $0[end + 5000] = 9 }
    let log = try SyncLog(.simulated(near))
    #expect(log.report.tail != .clean)
    log.kill()
    // A whole header of the next frame bounds what may follow it.
    let far = disk.afterKill()
    far.overwrite(Self.active) { bytes in
      guard let segment = try? SegmentHeader.decode(Array(bytes[..<4096]), file: "") else { return }
      var header = FrameHeader(
        kind: .data, payloadBytes: 200, recordCount: 1,
        firstLSN: last.header.firstLSN.advanced(by: last.header.recordCount),
        sequence: last.header.sequence + 1, epoch: last.header.epoch, time: 0,
        previousChain: last.header.chain, payloadChecksum: 1)
      bytes.withMutableBytes { all in
        if let base = all.baseAddress { header.encode(at: base + end, salt: segment.frameSalt) }
      }
      bytes[end + 5000] = 9
    }
    expectDamage(far, Self.active, "bytes behind the cut frame")
  }

  @Test func `Segments of another store, swapped, or out of an old copy are damage`() throws {
    let (disk, _) = try Self.store()
    let (other, _) = try Self.store()
    for path in [Self.sealed, Self.active] {
      let copy = disk.afterKill()
      let foreign = try #require(other.bytes(path))
      copy.overwrite(path) { $0 = foreign }
      expectDamage(copy, path, "foreign segment")
    }
    let swapped = disk.afterKill()
    let second = "/store/segments/0000000000000002.log"
    let a = try #require(disk.bytes(Self.sealed))
    let b = try #require(disk.bytes(second))
    swapped.overwrite(Self.sealed) { $0 = b }
    swapped.overwrite(second) { $0 = a }
    expectDamage(swapped, Self.sealed, "swapped segments")
    let foreignManifest = disk.afterKill()
    let manifest = try #require(other.bytes("/store/MANIFEST"))
    foreignManifest.overwrite("/store/MANIFEST") { $0 = manifest }
    expectDamage(foreignManifest, "/store/MANIFEST", "foreign manifest")
  }

  /// Two copies of a closed store go on in the same segment, with the same salt and the same
  /// sequences: only the chain tells their frames apart. One of them, with the other's last frame.
  static func otherCopy() throws -> SimDisk {
    let disk = SimDisk()
    try SyncLog(.simulated(disk)).close()
    let copies = [disk.afterKill(), disk.afterKill()]
    for (index, copy) in copies.enumerated() {
      let log = try SyncLog(.simulated(copy))
      for lsn in 1...3 {
        let id = Array("event-\(lsn)".utf8)
        let header = RecordHeader(lsn: LSN(lsn), hash: log.hash(id))
        let payload = [UInt8](repeating: UInt8(index), count: 500)
        try log.commit([ModelRecord(header: header, id: id, payload: payload)])
      }
      log.kill()
    }
    let (ours, theirs) = (copies[0].afterKill(), try #require(copies[1].bytes(Self.sealed)))
    let own = try #require(ours.bytes(Self.sealed))
    let last = try #require(Self.frames(own).last)
    #expect(try Self.frames(theirs).last?.offset == last.offset)
    ours.overwrite(Self.sealed) {
      $0.replaceSubrange(last.offset..., with: theirs[last.offset...])
    }
    try ours.remove("/store/DURABLE")
    return ours
  }

  @Test func `Frames of a copy that went another way are damage`() throws {
    expectDamage(try Self.otherCopy(), Self.sealed, "the last frame is the other copy's")
  }

  @Test func `A manifest from before the last roll is damage`() throws {
    let disk = SimDisk()
    var random = SeededRandom(3)
    var model = Model()
    let log = try SyncLog(.simulated(disk))
    try log.commit([model.makeRecord(&random, hash: log.hash)])
    let old = try #require(disk.bytes("/store/MANIFEST"))
    while !disk.files.contains("/store/segments/0000000000000002.log") {
      try log.commit((0..<6).map { _ in model.makeRecord(&random, hash: log.hash) })
    }
    log.kill()
    let copy = disk.afterKill()
    copy.overwrite("/store/MANIFEST") { $0 = old }
    expectDamage(copy, nil, "old manifest")
  }

  @Test func `A closed store with anything but its end is damage`() throws {
    let (disk, _) = try Self.store(closed: true)
    let bytes = try #require(disk.bytes(Self.active))
    let last = try #require(Self.frames(bytes).last)
    let changed = disk.afterKill()
    changed.overwrite(Self.active) { $0[last.offset + 30] ^= 1 }
    expectDamage(changed, Self.active, "last frame of a closed store")
    let added = disk.afterKill()
    added.overwrite(Self.active) { $0[last.offset + last.header.totalBytes + 1000] = 1 }
    expectDamage(added, Self.active, "bytes behind the end of a closed store")
  }

  @Test func `A newer format is refused by name`() throws {
    let (disk, _) = try Self.store()
    disk.overwrite("/store/STORE") { $0[8] = 2 }
    guard case .failure(let error) = open(disk) else {
      Issue.record("it opened")
      return
    }
    #expect(error.code == .unsupportedFormat)
    #expect(error.file == "/store/STORE")
    #expect(error.sentence == "the format version is 2; this program reads 1")
    disk.overwrite("/store/STORE") { $0[0] = 0x20 }
    guard case .failure(let other) = open(disk) else {
      Issue.record("it opened")
      return
    }
    #expect(other.code == .notAStore)
  }

  /// The same store with derived files: a start reads headers and ends of sealed segments only.
  @Test func `With derived files a start still finds a sealed segment that is not in its place`()
    throws
  {
    let (bare, model) = try Self.store()
    let log = try SyncLog(.simulated(bare))
    try log.maintain()
    log.kill()
    let disk = bare.afterKill()
    #expect(disk.files.contains { $0.hasSuffix(".table") })
    let whole = try #require(disk.bytes(Self.sealed))
    let all = try Self.frames(whole)
    let last = try #require(all.last)
    let places = Array(stride(from: 0, to: 104, by: 3)) + (0..<64).map { last.offset + $0 }
    for offset in places {
      let copy = disk.afterKill()
      copy.overwrite(Self.sealed) { $0[offset] ^= 0x10 }
      expectDamage(copy, Self.sealed, "byte \(offset)")
    }
    let short = disk.afterKill()
    short.overwrite(Self.sealed) { $0.removeLast($0.count - last.offset - 100) }
    expectDamage(short, Self.sealed, "shortened")
    let missing = disk.afterKill()
    try missing.remove(Self.sealed)
    expectDamage(missing, Self.sealed, "missing")
    // In the middle: a start does not look, a reader of the record does.
    let middle = disk.afterKill()
    middle.overwrite(Self.sealed) { $0[all[1].offset + 64 + 70] ^= 1 }
    let owner = Owner()
    let opened = try EventLog.open(.simulated(middle), callbacks: owner.callbacks)
    let lsn = all[1].header.firstLSN
    opened.read([ReadRequest(token: 1, .record(lsn: lsn))])
    #expect(owner.waitAnswers(1).first?.error?.code == .damaged)
    opened.abandon()
    #expect(model.records.count > 100)
  }
}
