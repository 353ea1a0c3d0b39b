internal import ArgumentParser
internal import EventLog
internal import Glibc

/// `meddela store backup`.
struct StoreBackupCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "backup",
    abstract: "Copies the event log to another directory while the service runs.",
    discussion: """
      The copy holds every record that was durable when its shard was copied, is verified byte by \
      byte, and lists its files with checksums (BACKUP). It is a store of its own: `store verify \
      --set store.path=DIR` reads it.
      """)

  @OptionGroup var configuration: ConfigurationOptions
  @OptionGroup var output: OutputOptions

  @Argument(help: "A directory that does not exist or is empty.")
  var directory: String

  @Flag(
    help: """
      Hard links instead of copies of finished segments: quick and without space, but a bad block \
      then hits store and backup alike.
      """)
  var link = false

  func run() async throws {
    try await reportingStoreFailure {
      let shards = try StoreShards(configuration.load())
      try Self.makeFolder(directory)
      for name in shards.names {
        let progress = ScanProgress("copying")
        let backup = StoreBackup(
          path: shards.path(name), to: "\(directory)/\(name)", isLinking: link)
        let listing = try backup.run { progress.update(Int($0), of: Int($1)) }
        progress.finish()
        writeLine(
          StoreRestoreCommand.line(listing, name, "\(directory)/\(name)", isJSON: output.json))
      }
      // After the shards: every version that their events pin is there by now.
      let templates = StoreShards.templates(shards.root)
      if access(templates, F_OK) == 0 {
        _ = try FolderBackup(path: templates, to: StoreShards.templates(directory)).run()
      }
    }
  }

  /// Made when it is absent; there must be nothing in it.
  static func makeFolder(_ path: String) throws {
    if mkdir(path, 0o750) == 0 { return }
    guard errno == EEXIST else {
      throw CommandFailure("\(path): \(String(cString: strerror(errno)))", .cannotCreate)
    }
    let names = try? LinuxDisk().list(path)
    // What a fresh ext4 volume has counts for nothing.
    guard let names, names.allSatisfy({ $0 == "lost+found" }) else {
      throw CommandFailure(
        "\(path): there is something here already; nothing is overwritten", .cannotCreate)
    }
  }
}
