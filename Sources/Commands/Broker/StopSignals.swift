internal import UnixSignals

/// The signals that ask a process to stop.
enum StopSignals {
  static func sequence() async -> UnixSignalsSequence {
    await UnixSignalsSequence(trapping: .sigterm, .sigint)
  }
}
