import Foundation
import Glibc
import Testing

/// Real file systems in memory, which only root may mount.
@Suite(
  "Starting where there is little room",
  .enabled(if: SmallFileSystem.isPossible, "no file system can be mounted here"),
  .timeLimit(.minutes(5)))
struct SmallDiskTests {
  /// Ends before it looks for a broker.
  private func refused(
    _ files: SmallFileSystem, _ more: [String] = []
  ) throws -> String {
    let service = try ServiceProcess(brokerURL: "amqp://127.0.0.1:1")
    let (code, _, text) = try service.run(
      ["serve"] + more, ["MEDDELA_STORE_PATH": "\(files.path)/data"])
    #expect(code == 73, "\(text)")
    #expect(!text.contains("goes on"), "\(text)")
    #expect(text.contains(files.path), "\(text)")
    #expect(try FileManager.default.contentsOfDirectory(atPath: files.path).isEmpty)
    return text
  }

  @Test func `A file system of 8 MB is too small, and the start says by how much`() throws {
    let text = try refused(try SmallFileSystem(mebibytes: 8))
    #expect(text.contains("it needs 68 MiB, and 8 MiB are free"), "\(text)")
  }

  @Test func `Segments that somebody asked for are made or refused, never smaller`() throws {
    let files = try SmallFileSystem(mebibytes: 90)
    let text = try refused(files, ["--set", "store.segmentBytes=33554432"])
    #expect(text.contains("it needs 97 MiB, and 90 MiB are free"), "\(text)")
    #expect(text.contains("segmentBytes is 33554432"), "\(text)")
  }

  @Test(.enabled(if: TestBroker.isThere, Comment(rawValue: TestBroker.reason)))
  func `A small file system gets small segments, which the store keeps when there is more room`()
    async throws
  {
    let files = try SmallFileSystem(mebibytes: 150)
    let service = try ServiceProcess(brokerURL: try #require(TestBroker.url))
    let more = ["MEDDELA_STORE_PATH": "\(files.path)/data"]
    try service.start(more)
    try await service.waitUntilConsuming()
    let said = service.log.split(separator: "\n").first { $0.contains("There is little room") }
    let line = try #require(said)
    #expect(line.contains("store.segmentBytes=33554432"), "\(line)")
    #expect(line.contains("store.neededBytes=1140850688"), "\(line)")
    #expect(line.contains("store.freeBytes="), "\(line)")
    let events = try service.file("one.json", TestEvents.body("one"))
    #expect(try service.run(["publish", events]).0 == 0)
    service.kill()
    // A start after a crash takes a new segment; later ones have all the room of the machine.
    for start in 2...4 {
      if start == 3 { try files.resize(mebibytes: 2_000) }
      try service.start(more)
      try await service.waitUntilConsuming(starts: start)
      let next = try service.file("next.json", TestEvents.body("next-\(start)"))
      #expect(try service.run(["publish", next]).0 == 0)
      if start == 3 { service.kill() } else { #expect(try await service.stop() == 0) }
    }
    let folder = "\(files.path)/data/00/segments"
    let segments = try FileManager.default.contentsOfDirectory(atPath: folder)
      .filter { $0.hasSuffix(".log") }
    #expect(segments.count == 3, "\(segments)")
    for name in segments {
      let file = try #require(FileHandle(forReadingAtPath: "\(folder)/\(name)"))
      #expect(try file.seekToEnd() == 32 << 20, "\(name)")
      try file.close()
    }
    #expect(service.log.components(separatedBy: "There is little room").count == 2)
  }
}

/// A file system in memory, of a size of its own.
final class SmallFileSystem {
  let path: String

  init(mebibytes: Int) throws {
    path = "/var/tmp/meddela-small-\(UInt64.random(in: 0..<(1 << 48)))"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    guard mount("tmpfs", path, "tmpfs", 0, "size=\(mebibytes)m") == 0 else {
      try FileManager.default.removeItem(atPath: path)
      throw Timeout(what: "a file system is mounted")
    }
  }

  deinit {
    umount2(path, Int32(MNT_DETACH))
    rmdir(path)
  }

  func resize(mebibytes: Int) throws {
    guard mount("tmpfs", path, "tmpfs", UInt(MS_REMOUNT), "size=\(mebibytes)m") == 0
    else { throw Timeout(what: "a file system is resized") }
  }

  static let isPossible = (try? SmallFileSystem(mebibytes: 1)) != nil
}
