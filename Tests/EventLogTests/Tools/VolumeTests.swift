import Glibc
import Testing

@testable import EventLog

/// Stores, backups and restores on volumes of their own: fresh ones, and ones that are not mounted.
@Suite struct VolumeTests {
  private func makeVolume(_ path: String) {
    mkdir(path, 0o755)
    mkdir(path + "/lost+found", 0o700)
  }

  @Test func `A fresh volume takes a backup, and another its restore`() throws {
    let store = try ToolStore(seed: 31)
    let (backup, restored) = (store.directory.path + "/backup", store.directory.path + "/new")
    makeVolume(backup)
    makeVolume(restored)
    let listing = try StoreBackup(path: store.path, to: backup).run()
    #expect(try StoreRestore(from: backup, to: restored).run() == listing)
    #expect(try store.reopened(restored) == store.model.records)
    let names = try LinuxDisk().list(restored)
    #expect(names.contains("lost+found") && !names.contains { $0.contains("restoring") })
    #expect(try EventLogReader(path: restored).lineage == 1)
  }

  @Test func `A fresh volume takes what is salvaged`() throws {
    let store = try ToolStore(seed: 34)
    let salvaged = store.directory.path + "/new"
    makeVolume(salvaged)
    let report = try StoreSalvage(path: store.path, to: salvaged).run()
    #expect(report.lostRecords == 0)
    #expect(try store.reopened(salvaged) == store.model.records)
    let names = try LinuxDisk().list(salvaged)
    #expect(names.contains("lost+found") && !names.contains { $0.contains("salvaging") })
  }

  @Test func `A restore into a fresh volume that fails leaves nothing there`() throws {
    let store = try ToolStore(seed: 32)
    let (backup, restored) = (store.directory.path + "/backup", store.directory.path + "/new")
    let listing = try StoreBackup(path: store.path, to: backup).run()
    makeVolume(restored)
    // Sound when it is looked at first, and gone when it is copied.
    var hasRemoved = false
    #expect(throws: EventLogError.self) {
      try StoreRestore(from: backup, to: restored).run { done, _ in
        guard done >= listing.bytes, !hasRemoved else { return }
        hasRemoved = true
        unlink(backup + "/" + (listing.files.last?.path ?? ""))
      }
    }
    #expect(hasRemoved)
    #expect(try LinuxDisk().list(restored) == ["lost+found"])
  }

  @Test func `Anything else in the folder is still in the way`() throws {
    let store = try ToolStore(seed: 33)
    let backup = store.directory.path + "/backup"
    makeVolume(backup)
    try Bytes.write(backup + "/note", [1])
    let error = #expect(throws: EventLogError.self) {
      try StoreBackup(path: store.path, to: backup).run()
    }
    #expect(error?.code == .cannotCreate)
  }

  @Test func `A folder of templates that is a volume comes back`() throws {
    let directory = TemporaryDirectory()
    let (folder, copy) = (directory.path + "/templates", directory.path + "/copy")
    let back = directory.path + "/back"
    for path in [folder, copy, back] { makeVolume(path) }
    try Bytes.write(folder + "/a.json", Array("one".utf8))
    #expect(try FolderBackup(path: folder, to: copy).run().files.map(\.path) == ["a.json"])
    _ = try FolderBackup(path: copy, to: back).restore()
    #expect(try Bytes.read(back + "/a.json") == Array("one".utf8))
  }

  @Test func `All folders above a new store are synced before it is one`() throws {
    let disk = SimDisk()
    for path in ["/a", "/a/b"] { try disk.makeDirectory(path) }
    var synced: [String] = []
    let watched = WatchedDisk(disk) { _, call in
      guard !disk.hasDurableName("/a/b/store/STORE") else { return }
      if call.hasPrefix("sync directory ") { synced.append(String(call.dropFirst(15))) }
    }
    var options = EventLogOptions.simulated(SimDisk())
    options.path = "/a/b/store"
    options.disk = watched
    let log = try SyncLog(options)
    log.kill()
    for path in ["/a/b", "/a", "/"] { #expect(synced.contains(path), "\(path)") }
  }

  @Test func `Where a store must be, none is made, and nothing is written`() throws {
    let directory = TemporaryDirectory()
    var options = directory.options()
    options.mustExist = true
    for _ in 1...2 {
      let error = #expect(throws: EventLogError.self) {
        try EventLog.open(options, callbacks: Owner().callbacks).close()
      }
      #expect(error?.exitCode == 66)
      #expect(error?.file == options.path + "/STORE")
      let early = #expect(throws: EventLogError.self) { try StoreRoom.check(options) }
      #expect(early == error)
      #expect(try LinuxDisk().list(directory.path) == [])
    }
    try EventLog.open(directory.options(), callbacks: Owner().callbacks).close()
    try EventLog.open(options, callbacks: Owner().callbacks).close()
  }
}
