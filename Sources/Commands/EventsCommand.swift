internal import ArgumentParser

/// `meddela events`: what the store knows of events. Reads the files, needs no service, and
/// disturbs none; only `redrive`, `resend` and `cancel` ask the service.
struct EventsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "events", abstract: "Shows events and their history from the store.",
    subcommands: [
      EventsShowCommand.self, EventsListCommand.self, EventsExplainCommand.self,
      RedriveCommand.self, EventsResendCommand.self, EventsCancelCommand.self,
      ReconcileCommand.self,
    ])
}
