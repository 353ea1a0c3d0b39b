import Glibc
import LogSequence
import Testing

@testable import EventLog

/// Backup under load, and restore: what comes back is exactly the log up to the backup's LSN.
@Suite struct BackupTests {
  private func backup(_ store: ToolStore) -> String { store.directory.path + "/backup" }

  @Test(arguments: [false, true])
  func `A backup under load restores to the state at its LSN`(isLinking: Bool) throws {
    let store = try ToolStore(seed: 11)
    let writer = try BackgroundWriter(store)
    defer { writer.stop() }
    let before = writer.owner.durableLSN
    let listing = try StoreBackup(
      path: store.path, to: backup(store), isLinking: isLinking
    ).run()
    #expect(listing.lsn >= before)
    writer.stop()
    #expect(try StoreVerifier(path: backup(store)).run().isSound)

    let restored = store.directory.path + "/restored"
    #expect(try StoreRestore(from: backup(store), to: restored).run() == listing)
    let copy = try Bytes.read(backup(store) + "/MANIFEST")
    #expect(
      try store.reopened(restored) == Array(writer.model.records.prefix(Int(listing.lsn.rawValue))))
    // The restored store was written to; the backup was not.
    #expect(try Bytes.read(backup(store) + "/MANIFEST") == copy)
    #expect(try StoreVerifier(path: backup(store)).run().durableLSN == listing.lsn)
    // And the store it was made from lost nothing.
    #expect(try store.reopened(store.path) == writer.model.records)
    #expect(
      !(try LinuxDisk().list(store.directory.path)).contains { $0.contains("restoring") })
  }

  @Test(arguments: [false, true])
  func `A backup that retention takes segments from begins again`(isLinking: Bool) throws {
    let store = try ToolStore(seed: 18, records: 0)
    let writer = try BackgroundWriter(store, isRetiring: true)
    defer { writer.stop() }
    func firstLSN() -> LSN { (try? EventLogReader(path: store.path).firstLSN) ?? 0 }
    #expect(writer.owner.waitUntil { firstLSN() > 1 })
    let before = writer.owner.durableLSN
    var hasWaited = false
    let listing = try StoreBackup(
      path: store.path, to: backup(store), isLinking: isLinking
    ).run { _, _ in
      // After the first bytes, until all that was there at the beginning is gone.
      if !hasWaited { #expect(writer.owner.waitUntil { firstLSN() > before }) }
      hasWaited = true
    }
    writer.stop()
    let first = try EventLogReader(path: backup(store)).firstLSN
    #expect(hasWaited && first > before)
    #expect(try StoreVerifier(path: backup(store)).run().isSound)
    let restored = store.directory.path + "/restored"
    #expect(try StoreRestore(from: backup(store), to: restored).run() == listing)
    let expected = writer.model.records[Int(first.previous.rawValue)..<Int(listing.lsn.rawValue)]
    #expect(try store.reopened(restored) == Array(expected))
  }

  @Test func `Linking shares the sealed segments and copies the last one`() throws {
    let store = try ToolStore(seed: 12)
    _ = try StoreBackup(path: store.path, to: backup(store), isLinking: true).run()
    let names = try LinuxDisk().list(backup(store) + "/segments")
    let links = names.map { name in
      var status = stat()
      stat(backup(store) + "/segments/" + name, &status)
      return status.st_nlink
    }
    #expect(links.dropLast().allSatisfy { $0 == 2 })
    #expect(links.last == 1)
  }

  @Test func `A segment that was active when the backup was planned is never linked`() throws {
    let store = try ToolStore(seed: 19)
    let writer = try BackgroundWriter(store)
    defer { writer.stop() }
    var planned: Int?
    let listing = try StoreBackup(path: store.path, to: backup(store), isLinking: true).run {
      _, _ in
      // While the first segment is copied, until the newest of the plan is sealed, and full.
      guard planned == nil else { return }
      let segments = (try? store.segments.count) ?? 0
      planned = segments
      #expect(writer.owner.waitUntil { ((try? store.segments.count) ?? 0) > segments + 1 })
    }
    writer.stop()
    #expect(planned != nil)
    let names = try LinuxDisk().list(backup(store) + "/segments")
    var status = stat()
    stat(backup(store) + "/segments/" + (names.last ?? ""), &status)
    #expect(status.st_nlink == 1)
    // As it stands: a backup is a store that was closed.
    let records = try store.reopened(backup(store))
    #expect(records == Array(writer.model.records.prefix(Int(listing.lsn.rawValue))))
  }

  @Test func `Nothing is ever overwritten`() throws {
    let store = try ToolStore(seed: 13)
    _ = try StoreBackup(path: store.path, to: backup(store)).run()
    let again = #expect(throws: EventLogError.self) {
      try StoreBackup(path: store.path, to: backup(store)).run()
    }
    #expect(again?.code == .cannotCreate)
    let over = #expect(throws: EventLogError.self) {
      try StoreRestore(from: backup(store), to: store.path).run()
    }
    #expect(over?.code == .cannotCreate)
    #expect(try store.reopened(store.path) == store.model.records)
  }

  @Test func `A damaged or unfinished backup is refused before anything is put in place`() throws {
    let store = try ToolStore(seed: 14)
    let listing = try StoreBackup(path: store.path, to: backup(store)).run()
    let restored = store.directory.path + "/restored"
    var files = listing.files.map(\.path)
    files.append(BackupListing.fileName)
    for file in files {
      let path = backup(store) + "/" + file
      let size = try Bytes.read(path).count
      for offset in [0, 25, size / 8, 4100].filter({ $0 < size }) {
        try Bytes.flip(path, offset)
        let error = #expect(throws: EventLogError.self) {
          try StoreRestore(from: backup(store), to: restored).run()
        }
        #expect(error?.exitCode == 65, "byte \(offset) of \(file)")
        #expect(error?.file == path, "byte \(offset) of \(file)")
        try Bytes.flip(path, offset)
      }
    }
    unlink(backup(store) + "/" + BackupListing.fileName)
    let error = #expect(throws: EventLogError.self) {
      try StoreRestore(from: backup(store), to: restored).run()
    }
    #expect(error?.code == .notAStore)
    #expect(access(restored, F_OK) != 0)
  }

  @Test func `A store with damage gives no backup`() throws {
    let store = try ToolStore(seed: 15)
    try Bytes.flip(try store.segments[1], 5000)
    let error = #expect(throws: EventLogError.self) {
      try StoreBackup(path: store.path, to: backup(store)).run()
    }
    #expect(error?.exitCode == 65)
    #expect(access(backup(store) + "/" + BackupListing.fileName, F_OK) != 0)
  }

  @Test func `Files of another store are told apart, though they vouch for themselves`() throws {
    let store = try ToolStore(seed: 16, records: 5)
    let other = try ToolStore(seed: 17, records: 5)
    for name in ["STORE", "MANIFEST"] {
      let ours = FileDigest(try Bytes.read(store.path + "/" + name))
      #expect(ours != FileDigest(try Bytes.read(other.path + "/" + name)))
    }
  }

  @Test func `A listing that leads out of the backup is refused`() throws {
    let file = BackupListing.File(path: "../../etc/passwd", bytes: 1, digest: FileDigest())
    let listing = BackupListing(
      storeID: "00", created: 1, epoch: 1, lsn: 1, sequence: 1, files: [file])
    #expect(throws: EventLogError.self) {
      try BackupListing.decode(listing.encoded(), file: "BACKUP")
    }
  }

  @Test func `A folder of templates comes back`() throws {
    let directory = TemporaryDirectory()
    let folder = directory.path + "/templates"
    mkdir(folder, 0o755)
    try Bytes.write(folder + "/a.json", Array("one".utf8))
    try Bytes.write(folder + "/b.json", Array(repeating: 7, count: 3 << 20))
    try Bytes.write(folder + "/c.json.tmp", Array("unfinished".utf8))
    let copy = directory.path + "/copy"
    let back = directory.path + "/back"
    #expect(
      try FolderBackup(path: folder, to: copy).run().files.map(\.path) == ["a.json", "b.json"])
    _ = try FolderBackup(path: copy, to: back).restore()
    #expect(try LinuxDisk().list(back) == ["a.json", "b.json"])
    #expect(try Bytes.read(back + "/b.json") == Array(repeating: 7, count: 3 << 20))
    try Bytes.flip(copy + "/a.json", 0)
    #expect(throws: EventLogError.self) {
      try FolderBackup(path: copy, to: directory.path + "/again").restore()
    }
  }
}
