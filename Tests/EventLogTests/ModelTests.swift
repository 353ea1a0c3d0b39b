import LogSequence
import TestSupport
import Testing

@testable import EventLog

/// Random sequences of everything the owner can do, against a model in memory.
@Suite struct ModelTests {
  @Test(arguments: seeds(24))
  func `A random life of the log agrees with the model`(seed: UInt64) throws {
    let directory = TemporaryDirectory()
    var random = SeededRandom(seed)
    var model = Model()
    var options = directory.options(segmentBytes: 64 << 10)
    if Bool.random(using: &random) { options.directFrameBytes = 4_000 }
    options.directBytesPerSecond = 0
    if Bool.random(using: &random) { options.fingerprintMask = 0xE000_0000_0000_0000 }
    var owner = Owner()
    var log = try EventLog.open(options, callbacks: owner.callbacks)
    for _ in 0..<80 {
      switch Int.random(in: 0..<20, using: &random) {
      case 0..<10:
        for _ in 0..<Int.random(in: 1...12, using: &random) {
          log.append(model.makeRecord(&random, hash: { log.hash(of: $0) }, maxPayload: 3000))
        }
        log.endTurn()
      case 10..<12:
        let last = log.nextLSN.previous
        #expect(log.durableLSN == last || owner.waitDurable(last), "seed \(seed)")
      case 12..<17:
        readSome(log, owner, model, &random, seed)
      case 17:
        let reader = try EventLogReader(path: options.path)
        var count = 0
        try reader.forEachRecord { view in
          #expect(ModelRecord(view) == model.records[count], "seed \(seed)")
          count += 1
        }
        #expect(count == Int(reader.durableLSN.rawValue))
      default:
        let durable = log.durableLSN
        let isClean = Bool.random(using: &random)
        if isClean { try log.close() } else { log.abandon() }
        owner = Owner()
        options.segmentBytes = Bool.random(using: &random) ? 64 << 10 : 128 << 10
        var replayed: [ModelRecord] = []
        log = try EventLog.open(options, callbacks: owner.callbacks) {
          replayed.append(ModelRecord($0))
        }
        #expect(log.recovery.wasClosed == isClean, "seed \(seed)")
        let count = Int(log.nextLSN.previous.rawValue)
        #expect(count >= (isClean ? model.records.count : Int(durable.rawValue)), "seed \(seed)")
        model.truncate(to: count)
        #expect(replayed == model.replay(covered: log.tables.coveredLSN), "seed \(seed)")
      }
    }
    try log.close()
  }

  private func readSome(
    _ log: EventLog, _ owner: Owner, _ model: Model, _ random: inout SeededRandom, _ seed: UInt64
  ) {
    guard !model.records.isEmpty else { return }
    let picks = (0..<6).map { _ in
      model.records[Int.random(in: 0..<model.records.count, using: &random)]
    }
    let first = LSN(UInt64.random(in: 1...model.nextLSN.rawValue, using: &random))
    log.read(
      picks.map { ReadRequest(token: $0.header.lsn.rawValue, .newest(id: $0.id)) }
        + picks.map { ReadRequest(token: $0.header.lsn.rawValue, .history(id: $0.id)) }
        + picks.map { ReadRequest(token: $0.header.lsn.rawValue, .record(lsn: $0.header.lsn)) }
        + [ReadRequest(token: 0, .range(from: first, limitBytes: 20_000))])
    let answers = owner.waitAnswers(19)
    guard answers.count == 19 else {
      Issue.record("seed \(seed): \(answers.count) answers of 19")
      return
    }
    for (index, pick) in picks.enumerated() {
      let history = model.history(pick.id)
      #expect(answers[index].models == history.suffix(1), "seed \(seed)")
      #expect(answers[6 + index].models == history, "seed \(seed)")
      #expect(answers[12 + index].models == [pick], "seed \(seed)")
    }
    let range = answers[18].models ?? []
    let start = LSN.first.distance(to: first)
    #expect(range == Array(model.records[start..<(start + range.count)]), "seed \(seed)")
  }
}
