internal import ArgumentParser
internal import EventLog

/// `meddela store`: looks after the files of the event log.
struct StoreCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "store",
    abstract: "Verifies, measures, exports, backs up, restores and salvages the event log.",
    discussion: """
      All of these but restore and salvage may run beside the service. None but confirm-clock \
      changes anything for it.
      """,
    subcommands: [
      StoreVerifyCommand.self, StoreStatCommand.self, StoreExportCommand.self,
      StoreBackupCommand.self, StoreRestoreCommand.self, StoreSalvageCommand.self,
      StoreConfirmClockCommand.self,
    ])
}

/// Runs work on the event log; its errors become the command's.
func reportingStoreFailure(_ work: () throws -> Void) async throws {
  try await reportingFailure {
    do {
      try work()
    } catch let error as EventLogError {
      throw CommandFailure(error)
    }
  }
}
