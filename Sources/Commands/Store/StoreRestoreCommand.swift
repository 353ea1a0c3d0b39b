internal import ArgumentParser
internal import EventLog
internal import Glibc
internal import LogSequence
internal import Node

/// `meddela store restore`.
struct StoreRestoreCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "restore",
    abstract: "Puts a backup in the place of an event log that is not there.",
    discussion: """
      Verifies every byte before and after copying; what is at store.path already is never \
      touched. Whatever happened after the backup is not in it: its events may be delivered again, \
      and numbers of status updates be given twice.
      """)

  @OptionGroup var configuration: ConfigurationOptions
  @OptionGroup var output: OutputOptions

  @Argument(help: "What `store backup` made.")
  var directory: String

  func run() async throws {
    try await reportingStoreFailure {
      let root = try configuration.load().storePath
      let shards = try StoreShards(root: directory)
      try StoreBackupCommand.makeFolder(root)
      // The templates first: a shard that is there finds what its events pin.
      let templates = StoreShards.templates(directory)
      if access(templates, F_OK) == 0 {
        _ = try FolderBackup(path: templates, to: StoreShards.templates(root)).restore()
      }
      for name in shards.names {
        let progress = ScanProgress("restoring")
        let restore = StoreRestore(from: shards.path(name), to: "\(root)/\(name)")
        let listing = try restore.run { progress.update(Int($0), of: Int($1)) }
        progress.finish()
        writeLine(Self.line(listing, name, "\(root)/\(name)", isJSON: output.json))
      }
    }
  }

  static func line(
    _ listing: BackupListing, _ shard: String, _ path: String, isJSON: Bool
  ) -> String {
    guard isJSON else {
      return "\(path): records up to LSN \(listing.lsn), \(listing.files.count) files, "
        + "\(listing.bytes) bytes, verified"
    }
    var object = JSONObjectText()
    object.add("shard", shard)
    object.add("path", path)
    object.add("lsn", listing.lsn)
    object.add("epoch", Int(listing.epoch))
    object.add("files", listing.files.count)
    object.add("bytes", Int(listing.bytes))
    return object.text
  }
}
