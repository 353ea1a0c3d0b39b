internal import EventLog
internal import LogSequence

/// What the event log's threads have reported and no turn has taken yet.
struct LogReports {
  /// Every record up to it is durable.
  var durableLSN: LSN = 0
  /// Answers to reads, in the order in which they came.
  var answers: [ReadAnswer] = []
}
