import LogSequence
import TestSupport
import Testing

@testable import EventLog

/// The whole log with its threads, on the real file system.
@Suite struct WriteReadTests {
  @Test func `What was appended comes back by id, by LSN, as history and as a range`() throws {
    let directory = TemporaryDirectory()
    var random = SeededRandom(1)
    var model = Model()
    let owner = Owner()
    let log = try EventLog.open(directory.options(), callbacks: owner.callbacks)
    for _ in 0..<200 {
      for _ in 0..<Int.random(in: 1...8, using: &random) {
        log.append(model.makeRecord(&random, hash: { log.hash(of: $0) }))
      }
      log.endTurn()
    }
    let last = LSN(model.records.count)
    #expect(owner.waitDurable(last))
    #expect(log.bufferedBytes == 0)
    #expect(log.durableLSN == last)
    try verify(log, owner, model)
    try log.close()

    let again = Owner()
    var replayed: [ModelRecord] = []
    let reopened = try EventLog.open(directory.options(), callbacks: again.callbacks) {
      replayed.append(ModelRecord($0))
    }
    #expect(replayed == model.replay(covered: reopened.tables.coveredLSN))
    #expect(reopened.tables.coveredLSN > 0)
    #expect(reopened.recovery.wasClosed)
    #expect(reopened.nextLSN == last.next)
    #expect(reopened.eventCount <= model.newest.count)
    #expect(reopened.eventCount + reopened.storedEvents >= model.newest.count)
    try verify(reopened, again, model)
    try reopened.close()
  }

  private func verify(_ log: EventLog, _ owner: Owner, _ model: Model) throws {
    var requests: [ReadRequest] = []
    let ids = model.newest.keys.sorted { $0.lexicographicallyPrecedes($1) }
    for id in ids {
      requests.append(ReadRequest(token: UInt64(requests.count), .newest(id: id)))
      requests.append(ReadRequest(token: UInt64(requests.count), .history(id: id)))
    }
    for record in model.records {
      requests.append(
        ReadRequest(token: UInt64(requests.count), .record(lsn: record.header.lsn)))
    }
    log.read(requests)
    let answers = owner.waitAnswers(requests.count)
    #expect(answers.map(\.token) == (0..<UInt64(requests.count)).map { $0 })
    for (index, id) in ids.enumerated() {
      let history = model.history(id)
      #expect(answers[2 * index].models == history.suffix(1))
      #expect(answers[2 * index + 1].models == history)
    }
    #expect(answers.dropFirst(2 * ids.count).compactMap { $0.models?.first } == model.records)
    try verifyRange(log, owner, model)
  }

  private func verifyRange(_ log: EventLog, _ owner: Owner, _ model: Model) throws {
    var records: [ModelRecord] = []
    while true {
      log.readRange(from: LSN(records.count + 1), limitBytes: 10_000, token: 7)
      let block = try #require(owner.waitAnswers(1).first?.models)
      if block.isEmpty { break }
      // About the limit: passing it takes one record, and a larger one comes alone.
      let bytes = block.dropLast().reduce(0) { $0 + $1.payload.count }
      #expect(bytes <= 10_000)
      records += block
    }
    #expect(records == model.records)
  }

  @Test func `Lookup tells status and place without a read`() throws {
    let directory = TemporaryDirectory()
    let owner = Owner()
    let log = try EventLog.open(directory.options(), callbacks: owner.callbacks)
    let hash = log.hash(of: Array("a".utf8))
    #expect(log.lookup(hash) == .absent)
    log.append(record("a", lsn: 1, hash: hash, status: 1))
    #expect(
      log.lookup(hash) == .found(EventLocation(lsn: 1, status: 1, flags: .event)))
    log.append(record("a", lsn: 2, hash: hash, status: 3, previous: 1))
    #expect(
      log.lookup(hash) == .found(EventLocation(lsn: 2, status: 3, flags: .event)))
    // A record that is no event's is not indexed.
    var other = record("a", lsn: 3, hash: hash, status: 9)
    other.header.flags = .publish
    log.append(other)
    #expect(
      log.lookup(hash) == .found(EventLocation(lsn: 2, status: 3, flags: .event)))
    #expect(log.eventCount == 1)
    log.endTurn()
    #expect(owner.waitDurable(3))
    try log.close()
  }

  private func record(
    _ id: String, lsn: LSN, hash: EventHash, status: UInt8 = 1, previous: LSN = 0,
    payload: [UInt8] = [1, 2, 3]
  ) -> ModelRecord {
    ModelRecord(
      header: RecordHeader(lsn: lsn, status: status, hash: hash, previousLSN: previous),
      id: Array(id.utf8), payload: payload)
  }

  @Test func `Ids that share a fingerprint keep their own records`() throws {
    let directory = TemporaryDirectory()
    var options = directory.options()
    options.fingerprintMask = 0xC000_0000_0000_0000
    var random = SeededRandom(3)
    var model = Model()
    let owner = Owner()
    let log = try EventLog.open(options, callbacks: owner.callbacks)
    for _ in 0..<300 { log.append(model.makeRecord(&random, hash: { log.hash(of: $0) })) }
    log.endTurn()
    #expect(owner.waitDurable(300))
    try verify(log, owner, model)
    log.read([
      ReadRequest(token: 1, .newest(id: Array("nobody".utf8))),
      ReadRequest(token: 2, .history(id: Array("nobody".utf8))),
      ReadRequest(token: 3, .record(lsn: 301)),
      ReadRequest(token: 4, .record(lsn: 0)),
    ])
    #expect(owner.waitAnswers(4).map(\.isAbsent) == [true, true, true, true])
    log.abandon()
    let again = Owner()
    let reopened = try EventLog.open(options, callbacks: again.callbacks)
    try verify(reopened, again, model)
    try reopened.close()
  }

  @Test func `Records up to the limit come back whole, in frames of their own`() throws {
    let directory = TemporaryDirectory()
    var random = SeededRandom(9)
    let options = directory.options(segmentBytes: 8 << 20)
    let owner = Owner()
    let log = try EventLog.open(options, callbacks: owner.callbacks)
    #expect(log.maxRecordBytes == Limits.maxRecordBytes)
    var model = Model()
    for size in [0, 1, 1 << 20, log.maxRecordBytes - 64 - 5, 7, (1 << 20) + 1, 600_000, 600_000] {
      let id = Array("big-\(model.nextLSN)".utf8)
      let record = ModelRecord(
        header: RecordHeader(lsn: model.nextLSN, hash: log.hash(of: id)), id: id,
        payload: random.bytes(size))
      model.add(record)
      log.append(record)
    }
    log.endTurn()
    #expect(owner.waitDurable(8))
    // Six frames: 0+1+1M do not fit together with 1M, the longest is alone, two of 600 KB part.
    #expect(owner.allDurable.count >= 5)
    try verifyRange(log, owner, model)
    log.read((1...8).map { ReadRequest(token: $0, .record(lsn: LSN($0))) })
    #expect(owner.waitAnswers(8).compactMap { $0.models?.first } == model.records)
    try log.close()
    var replayed: [ModelRecord] = []
    let reopened = try EventLog.open(options, callbacks: Owner().callbacks) {
      replayed.append(ModelRecord($0))
    }
    #expect(replayed == model.records)
    try reopened.close()
  }

  @Test func `A record above the limit and a wrong LSN are programming errors`() async {
    await #expect(processExitsWith: .failure) {
      let directory = TemporaryDirectory()
      let log = try EventLog.open(directory.options(), callbacks: Owner().callbacks)
      let bytes = [UInt8](repeating: 0, count: log.maxRecordBytes - 63)
      bytes.withBytes { log.append(RecordHeader(lsn: 1, flags: []), id: $0, payload: $0) }
    }
    await #expect(processExitsWith: .failure) {
      let directory = TemporaryDirectory()
      let log = try EventLog.open(directory.options(), callbacks: Owner().callbacks)
      [1].withBytes { log.append(RecordHeader(lsn: 2, flags: []), id: $0, payload: $0) }
    }
    await #expect(processExitsWith: .failure) {
      let directory = TemporaryDirectory()
      let log = try EventLog.open(directory.options(), callbacks: Owner().callbacks)
      [1].withBytes { log.append(RecordHeader(lsn: 1, previousLSN: 1), id: $0, payload: $0) }
      log.endTurn()
    }
  }

  @Test func `A read of a record that is not durable yet waits for it`() throws {
    let directory = TemporaryDirectory()
    let owner = Owner()
    let log = try EventLog.open(directory.options(), callbacks: owner.callbacks)
    let first = record("a", lsn: 1, hash: log.hash(of: Array("a".utf8)))
    log.append(first)
    log.read([
      ReadRequest(token: 1, .newest(id: first.id)), ReadRequest(token: 2, .record(lsn: 99)),
    ])
    // In mid-turn nothing can become durable, so nothing may be answered, nor overtake.
    #expect(owner.durableLSN == 0)
    log.endTurn()
    let answers = owner.waitAnswers(2)
    #expect(owner.durableLSN == 1 || log.durableLSN == 1)
    #expect(answers.map(\.token) == [1, 2])
    #expect(answers[0].models == [first])
    #expect(answers[1].isAbsent)
    try log.close()
  }

  @Test func `A payload may come in two pieces and has readable bytes behind it`() throws {
    let directory = TemporaryDirectory()
    let owner = Owner()
    let log = try EventLog.open(directory.options(), callbacks: owner.callbacks)
    let id = Array("two".utf8)
    let (head, tail) = (Array("head ".utf8), Array("and tail".utf8))
    id.withBytes { id in
      head.withBytes { head in
        tail.withBytes { tail in
          log.append(RecordHeader(lsn: 1, hash: log.hash(of: id)), id: id, payload: head, tail)
        }
      }
    }
    log.endTurn()
    log.read([ReadRequest(token: 1, .newest(id: id))])
    let block = try #require(
      owner.waitAnswers(1).first.flatMap { answer -> RecordBlock? in
        if case .records(let block) = answer.outcome { block } else { nil }
      })
    #expect(block.withFirst { String(decoding: $0.payload, as: UTF8.self) } == "head and tail")
    let past = block.withFirst { view -> UInt8 in
      guard let end = view.payload.baseAddress else { return 1 }
      return (end + view.payload.count).load(fromByteOffset: 63, as: UInt8.self)
    }
    #expect(past == 0)
    try log.close()
  }

  @Test func `An idle log writes a confirm frame after its last data frame`() throws {
    let disk = SimDisk()
    let owner = Owner()
    let log = try EventLog.open(.simulated(disk), callbacks: owner.callbacks)
    log.append(record("a", lsn: 1, hash: log.hash(of: Array("a".utf8))))
    log.endTurn()
    #expect(owner.waitDurable(1))
    // The mark names the confirm frame (epoch 1, data 2, confirm 3) once it is durable.
    let deadline = monotonicNanoseconds() + 30_000_000_000
    func sequence() -> UInt64 { disk.bytes("/store/DURABLE")?.integer(at: 40) ?? 0 }
    while sequence() < 3, monotonicNanoseconds() < deadline {}
    #expect(sequence() == 3)
    log.abandon()
  }
}
