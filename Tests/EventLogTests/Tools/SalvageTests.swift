import Glibc
import LogSequence
import Testing

@testable import EventLog

/// `StoreSalvage`: every sound record of a damaged store, and exactly what is lost.
@Suite struct SalvageTests {
  private static func target(_ store: ToolStore) -> String { store.directory.path + "/new" }

  /// Byte ranges of the records of a segment.
  private static func places(_ file: String) throws -> [LSN: Range<Int>] {
    let bytes = try Bytes.read(file)
    var places: [LSN: Range<Int>] = [:]
    for frame in try Bytes.frames(file) {
      var offset = frame.offset + Limits.frameHeaderBytes
      for index in 0..<frame.header.recordCount {
        let length = Int(bytes.integer(UInt32.self, at: offset))
        places[frame.header.firstLSN.advanced(by: index)] = offset..<offset + length
        offset += length
      }
    }
    return places
  }

  /// Salvages and checks what must hold whatever the damage was. What the new store has.
  private func salvage(
    _ store: ToolStore, losing lost: Set<LSN>, sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> (SalvageReport, [ModelRecord]) {
    let before = try Dictionary(
      uniqueKeysWithValues: store.segments.map { ($0, try Bytes.read($0)) })
    let path = Self.target(store)
    let report = try StoreSalvage(path: store.path, to: path).run()
    #expect(
      Set(report.lost.compactMap(\.lostRecords).flatMap { Array($0) }) == lost,
      sourceLocation: sourceLocation)
    #expect(report.lostRecords == UInt64(lost.count), sourceLocation: sourceLocation)
    let kept = store.model.records.filter { !lost.contains($0.header.lsn) }
    #expect(report.records == UInt64(kept.count), sourceLocation: sourceLocation)
    for (file, bytes) in before {
      #expect(try Bytes.read(file) == bytes, "the source is not changed")
    }
    #expect(try StoreVerifier(path: path).run().isSound, sourceLocation: sourceLocation)
    let standing = try #require(try StoreStanding.read(path: path))
    let identity = try StoreIdentity.decode(Bytes.read(store.path + "/STORE"), file: "")
    #expect(standing.storeID == identity.store.text)
    #expect(standing.lineage == report.lineage)
    #expect(standing.lineage > 0)
    let records = try store.reopened(path)
    #expect(records.map(\.header.lsn) == kept.map(\.header.lsn), sourceLocation: sourceLocation)
    #expect(records.map(\.id) == kept.map(\.id), sourceLocation: sourceLocation)
    #expect(records.map(\.payload) == kept.map(\.payload), sourceLocation: sourceLocation)
    // Each record of an event names the one before it that is there.
    var newest: [[UInt8]: LSN] = [:]
    for record in records {
      #expect(
        record.header.previousLSN == newest[record.id] ?? 0, "record \(record.header.lsn)",
        sourceLocation: sourceLocation)
      newest[record.id] = record.header.lsn
    }
    return (report, records)
  }

  @Test func `Of a sound store nothing is lost`() throws {
    let store = try ToolStore(seed: 51)
    let (report, records) = try salvage(store, losing: [])
    #expect(records == store.model.records)
    #expect(report.lost.isEmpty)
    #expect(report.lineage == 1)
    #expect(report.endedEvents.isEmpty)
  }

  /// What it says is not believed, or the new store could not be opened.
  @Test func `A manifest that has counted too far is as good as none`() throws {
    let store = try ToolStore(seed: 53)
    let manifest = store.path + "/MANIFEST"
    var files = [manifest: try Bytes.read(manifest)]
    files[manifest]?.store(Limits.maxCounter, at: 40)
    Forger.mend(&files, mendsChain: false)
    try Bytes.write(manifest, try #require(files[manifest]))
    #expect(try !StoreVerifier(path: store.path).run().isSound)
    let (report, records) = try salvage(store, losing: [])
    #expect(report.hasLostManifest)
    #expect(records == store.model.records)
  }

  @Test(arguments: [0, 8, 30, 41, 48, 56, 70])
  func `A flipped byte costs the record that it is in, and no other`(byte: Int) throws {
    let store = try ToolStore(seed: 52)
    let segment = try store.segments[1]
    let places = try Self.places(segment)
    let lsn = try #require(places.keys.sorted().dropFirst(20).first { places[$0]?.count ?? 0 > 80 })
    let place = try #require(places[lsn])
    try Bytes.flip(segment, place.lowerBound + byte)
    let (report, _) = try salvage(store, losing: [lsn])
    #expect(report.lost.map(\.file) == [segment])
    #expect(report.lostBytes >= Int64(place.count))
    #expect(report.lostBytes < Int64(place.count) + 4096)
  }

  @Test func `A damaged header of a frame or of a segment costs no record`() throws {
    let store = try ToolStore(seed: 53)
    let segments = try store.segments
    let frame = try Bytes.frames(segments[0])[3]
    for byte in [0, 5, 8, 16, 24, 52, 60] { try Bytes.flip(segments[0], frame.offset + byte) }
    try Bytes.flip(segments[1], 75)
    _ = try salvage(store, losing: [])
  }

  @Test func `Zeroed blocks cost the records in them`() throws {
    let store = try ToolStore(seed: 54)
    let segment = try store.segments[2]
    let places = try Self.places(segment)
    var bytes = try Bytes.read(segment)
    let zeroed = 8192..<20480
    bytes.replaceSubrange(zeroed, with: [UInt8](repeating: 0, count: zeroed.count))
    try Bytes.write(segment, bytes)
    let lost = places.filter { $0.value.overlaps(zeroed) }.keys
    #expect(lost.count > 10)
    _ = try salvage(store, losing: Set(lost))
  }

  @Test func `A missing segment costs its records, a shortened one those behind its end`() throws {
    let store = try ToolStore(seed: 55)
    let segments = try store.segments
    let gone = Set(try Self.places(segments[1]).keys)
    let places = try Self.places(segments[3])
    unlink(segments[1])
    try Bytes.write(segments[3], Array(try Bytes.read(segments[3])[..<30_000]))
    let (report, _) = try salvage(
      store, losing: gone.union(places.filter { $0.value.upperBound > 30_000 }.keys))
    #expect(report.lost.first?.found == "the segment is missing")
    #expect(report.lost.first?.file == segments[1])
  }

  @Test(arguments: [true, false]) func `Without a manifest segments are found by their headers`(
    isClosed: Bool
  ) throws {
    let store = try ToolStore(seed: 56, isClosed: isClosed)
    unlink(store.path + "/MANIFEST")
    let (report, _) = try salvage(store, losing: [])
    #expect(report.hasLostManifest)
    #expect(report.lineage > 1_000_000)
  }

  @Test func `A killed store keeps what was acknowledged`() throws {
    let store = try ToolStore(seed: 57, isClosed: false)
    let segment = try #require(try store.segments.last)
    let places = try Self.places(segment)
    // The newest record of all, whose frame DURABLE names.
    let last = LSN(store.model.records.count)
    let place = try #require(places[last])
    try Bytes.flip(segment, place.lowerBound + 60)
    let (report, _) = try salvage(store, losing: [last])
    #expect(report.lastLSN == last, "its number is not given again")
  }

  @Test func `An event that has lost what it needs is ended, and named`() throws {
    let store = try ToolStore(seed: 58, records: 300)
    let owner = Owner()
    let log = try EventLog.open(store.options, callbacks: owner.callbacks)
    let id = Array("under way".utf8)
    let first = log.nextLSN
    for (index, previous) in [0, first].enumerated() {
      log.append(
        ModelRecord(
          header: RecordHeader(
            lsn: first.advanced(by: index), flags: [.event], hash: log.hash(of: id),
            previousLSN: previous), id: id, payload: Array("body".utf8)))
    }
    log.endTurn()
    #expect(owner.waitDurable(first.next))
    try log.close()
    let segment = try #require(try store.segments.last)
    let place = try #require(try Self.places(segment)[first])
    try Bytes.flip(segment, place.lowerBound + 66)
    let path = Self.target(store)
    let report = try StoreSalvage(path: store.path, to: path).run()
    #expect(report.endedEvents == [id])
    #expect(report.damagedEvents == 1)
    let reader = try EventLogReader(path: path)
    let history = try reader.history(of: id).models
    #expect(history.map(\.header.lsn) == [first.next])
    #expect(history.first?.header.flags == [.event, .final])
    // The lost one is absent, not damaged; nothing is shown of it.
    var options = store.options
    options.path = path
    let again = Owner()
    var shown: [LSN] = []
    let opened = try EventLog.open(options, callbacks: again.callbacks) {
      shown.append($0.header.lsn)
    }
    #expect(!shown.contains(first))
    opened.read([
      ReadRequest(token: 1, .record(lsn: first)), ReadRequest(token: 2, .newest(id: id)),
      ReadRequest(token: 3, .range(from: first, limitBytes: 1 << 20)),
    ])
    let answers = again.waitAnswers(3)
    #expect(answers[0].isAbsent)
    #expect(answers[1].models?.map(\.header.lsn) == [first.next])
    #expect(answers[2].models?.map(\.header.lsn) == [first.next])
    try opened.close()
  }

  @Test func `What a body holds does not pass for a record`() throws {
    let store = try ToolStore(seed: 59, records: 100)
    let owner = Owner()
    let log = try EventLog.open(store.options, callbacks: owner.callbacks)
    let lsn = log.nextLSN
    // Images of a record with this one's number: of no event, and of one under a guessed hash.
    var body: [UInt8] = []
    for flags in [RecordFlags([]), [.event]] {
      let header = RecordHeader(
        lsn: lsn, kind: 4, flags: flags, hash: EventHash(high: 1, low: 2))
      var image = [UInt8](repeating: 0, count: RecordCodec.length(id: 4, payload: 16))
      image.withMutableBytes { all in
        guard let start = all.baseAddress else { return }
        Array("fake".utf8).withBytes { id in
          [UInt8](repeating: 9, count: 16).withBytes { payload in
            _ = RecordCodec.encode(
              header, id: id, payload: payload, UnsafeRawBufferPointer(start: nil, count: 0),
              length: all.count, at: start)
          }
        }
      }
      body += image
    }
    let id = Array("12345678".utf8)
    log.append(
      ModelRecord(
        header: RecordHeader(lsn: lsn, hash: log.hash(of: id)), id: id, payload: body))
    log.endTurn()
    #expect(owner.waitDurable(lsn))
    try log.close()
    let segment = try #require(try store.segments.last)
    let place = try #require(try Self.places(segment)[lsn])
    for byte in [0, 16] {
      try Bytes.flip(segment, place.lowerBound + byte)
      let path = Self.target(store) + "\(byte)"
      let report = try StoreSalvage(path: store.path, to: path).run()
      #expect(report.lost.compactMap(\.lostRecords) == [lsn...lsn])
      try Bytes.flip(segment, place.lowerBound + byte)
    }
  }

  @Test func `It refuses a running writer, a place that is taken, and a store without identity`()
    throws
  {
    let store = try ToolStore(seed: 60, records: 50)
    let log = try EventLog.open(store.options, callbacks: Owner().callbacks)
    let busy = #expect(throws: EventLogError.self) {
      try StoreSalvage(path: store.path, to: Self.target(store)).run()
    }
    #expect(busy?.exitCode == 75)
    try log.close()
    mkdir(Self.target(store), 0o750)
    try Bytes.write(Self.target(store) + "/a", [1])
    let taken = #expect(throws: EventLogError.self) {
      try StoreSalvage(path: store.path, to: Self.target(store)).run()
    }
    #expect(taken?.exitCode == 73)
    unlink(store.path + "/STORE")
    #expect(throws: EventLogError.self) {
      try StoreSalvage(path: store.path, to: Self.target(store) + "2").run()
    }
    #expect(access(Self.target(store) + "2", F_OK) != 0)
  }
}
