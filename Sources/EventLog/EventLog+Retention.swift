package import LogSequence

// The owner's word on retention.
extension EventLog {
  /// Says from which record on the owner may still refer to records: those that its outbox has
  /// not passed, and the body of what it works on. Called often; whole old segments before it are
  /// removed in the background, and only while it is called. Never blocks.
  package func retain(from lsn: LSN) {
    precondition(isOpen, "retain on a closed log")
    catchUpIndex()
    refreshTables()
    guard let proposal = keeper.proposal(keepFrom: lsn) else { return }
    // An event that the tables held for final may have been taken up again.
    guard
      proposal.lastLSN < lsn,
      reopened.isUntouched(proposal.finals, covered: proposal.coveredLSN)
    else { return keeper.refuse() }
    // From here on nothing of the segments is read any more.
    map.forget(through: proposal.segment)
    committer.drop(through: proposal.segment)
  }
}
