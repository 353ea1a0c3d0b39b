import Foundation
import Testing

@testable import Node

@Suite struct RecordedQueuesTests {
  /// A folder that goes with the test.
  private final class Folder {
    let path = "/var/tmp/meddela-queues-\(UInt64.random(in: 0..<1 << 60))"
    init() throws {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }
    deinit { try? FileManager.default.removeItem(atPath: path) }
  }

  private let ours = RecordedQueues(prefix: "meddela", vhost: "kö \"1\"", shards: 4)

  @Test func `A new store has none, and one that has them keeps them`() throws {
    let folder = try Folder()
    #expect(try RecordedQueues.read(folder.path) == nil)
    try ours.check(folder.path)
    try ours.write(folder.path)
    #expect(try RecordedQueues.read(folder.path) == ours)
    try ours.check(folder.path)
  }

  @Test func `Another prefix or virtual host is refused, with both and the way out`() throws {
    let folder = try Folder()
    try ours.write(folder.path)
    for other in [
      RecordedQueues(prefix: "other", vhost: ours.vhost, shards: 4),
      RecordedQueues(prefix: ours.prefix, vhost: "/", shards: 4),
    ] {
      do {
        try other.check(folder.path)
        Issue.record("\(other) is taken")
      } catch {
        #expect(error.exitCode == 78)
        for part in [
          ours.prefix, ours.vhost, other.prefix, other.vhost, "meddela shards adopt", folder.path,
        ] {
          #expect(error.message.contains(part), "\(part): \(error.message)")
        }
      }
    }
  }

  @Test(
    arguments: [
      "", "meddela", "{}", #"{"prefix":"meddela"}"#, #"{"prefix":1,"vhost":"/"}"#,
      #"{"prefix":"meddela","vhost":"/","shards":0}"#, #"{"prefix":"m","vhost":"/","shards":"4"}"#,
    ])
  func `A file that says something else is an error, not another store`(text: String) throws {
    let folder = try Folder()
    let file = folder.path + "/" + RecordedQueues.fileName
    try text.write(toFile: file, atomically: true, encoding: .utf8)
    do {
      try ours.check(folder.path)
      Issue.record("\(text) is taken")
    } catch {
      #expect(error.exitCode == 65)
      #expect(error.message.contains(file))
    }
  }

  @Test func `Another number of shards is refused, with both; an older store has one`() throws {
    let folder = try Folder()
    var other = ours
    other.shards = 8
    try other.check(folder.path)
    try ours.write(folder.path)
    for configured in [8, 1] {
      other.shards = configured
      #expect { try other.check(folder.path) } throws: { error in
        let error = error as? NodeError
        return error?.exitCode == 78 && error?.message.contains("one of 4;") == true
          && error?.message.contains("says \(configured) ") == true
      }
    }
    // What wrote these had one.
    try #"{"prefix":"meddela","vhost":"/"}"#.write(
      toFile: folder.path + "/" + RecordedQueues.fileName, atomically: true, encoding: .utf8)
    #expect(try RecordedQueues.read(folder.path)?.shards == 1)
    #expect(throws: NodeError.self) { try ours.check(folder.path) }
  }
}
