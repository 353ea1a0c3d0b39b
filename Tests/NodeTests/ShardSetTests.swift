import Messages
import Testing

@testable import Node

@Suite struct ShardSetTests {
  private func own(_ text: String, of count: Int = 8) throws -> [UInt8] {
    try ShardSet(count: count, own: text).own.map(\.value)
  }

  private func problem(_ make: () throws -> ShardSet) -> String? {
    do {
      _ = try make()
      return nil
    } catch {
      return (error as? ShardSetError)?.message
    }
  }

  @Test func `Without a choice a process has all shards`() {
    #expect(ShardSet(count: 3).own == ShardSet(count: 3).all)
    #expect(ShardSet(count: 3).all.map(\.value) == [0, 1, 2])
    #expect(ShardSet.one.own == [.first])
  }

  @Test func `Own shards are numbers and ranges, in any order`() throws {
    #expect(try own("0-3,6") == [0, 1, 2, 3, 6])
    #expect(try own("7, 2 - 3") == [2, 3, 7])
    #expect(try own("05") == [5])
    #expect(try own("99", of: 100) == [99])
  }

  @Test(arguments: ["", ",", "0,", "a", "3-1", "-1", "1-", "1-2-3", "0x1", "1.5", "٣", "0..3"])
  func `What is no list of numbers is refused with an example`(text: String) {
    #expect(
      problem { try ShardSet(count: 8, own: text) } == "expected numbers and ranges, such as 0-3,6")
  }

  @Test func `A shard that there is not, and one that is named twice, are refused by number`() {
    #expect(
      problem { try ShardSet(count: 8, own: "0-8") } == "there is no shard 8: shards.count is 8")
    #expect(
      problem { try ShardSet(count: 8, own: "99999999999") }
        == "there is no shard 99999999999: shards.count is 8")
    #expect(problem { try ShardSet(count: 8, own: "0-3,2") } == "shard 2 is there twice")
  }

  @Test(
    arguments: [
      ("meddela-0", [0, 1]), ("meddela-3", [6, 7]), ("meddela-3.meddela.svc.local", [6, 7]),
      ("node2", [4, 5]), ("1", [2, 3]),
    ] as [(String, [UInt8])])
  func `A process has its shards by the number at the end of its host's name`(
    name: String, shards: [UInt8]
  ) throws {
    #expect(try ShardSet(count: 8, perOrdinal: 2, hostName: name).own.map(\.value) == shards)
  }

  @Test func `A host without a number, or with one beyond the shards, is refused by name`() {
    for name in ["meddela", "", "meddela-", "meddela-99999999999999999999", "3.meddela-x"] {
      let problem = problem { try ShardSet(count: 8, perOrdinal: 9, hostName: name) }
      #expect(problem?.contains(name) == true, "\(name): \(problem ?? "taken")")
    }
    #expect(
      problem { try ShardSet(count: 8, perOrdinal: 3, hostName: "meddela-2") }
        == "the host meddela-2 would have the shards 6 to 8: shards.count is 8")
  }

  @Test func `The configuration says what a process has, and names the key that is wrong`() throws {
    func shards(_ flags: String...) throws -> ShardSet {
      let values = try ConfigurationValues(path: nil, environment: [:], flags: flags)
      return try NodeConfiguration(values, hostName: "meddela-1").shards
    }
    #expect(try shards() == .one)
    #expect(try shards("shards.count=4") == ShardSet(count: 4))
    #expect(try shards("shards.count=4", "shards.own=1").own.map(\.value) == [1])
    #expect(try shards("shards.count=4", "shards.perOrdinal=2").own.map(\.value) == [2, 3])
    for (flags, key) in [
      (["shards.count=4", "shards.own=4"], "shards.own"),
      (["shards.count=4", "shards.perOrdinal=3"], "shards.perOrdinal"),
      (["shards.count=4", "shards.own=1", "shards.perOrdinal=1"], "shards.own"),
      (["shards.count=101"], "shards.count"), (["shards.count=0"], "shards.count"),
      (["shards.perOrdinal=0"], "shards.perOrdinal"),
    ] {
      let values = try ConfigurationValues(path: nil, environment: [:], flags: flags)
      #expect {
        _ = try NodeConfiguration(values, hostName: "meddela-1")
      } throws: { error in
        (error as? ConfigurationError)?.description.contains("\(key): ") == true
      }
    }
  }
}
