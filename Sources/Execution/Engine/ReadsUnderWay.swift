/// How many answers of the log's reader are awaited, for whom. How large a record is shows only
/// when it comes, and a body may have a megabyte: few are asked for at one time.
struct ReadsUnderWay {
  private var counts = [0, 0, 0, 0]

  mutating func began(_ share: WorkBudget.Share) { counts[share.rawValue] += 1 }

  mutating func ended(_ share: WorkBudget.Share) {
    counts[share.rawValue] -= 1
    assert(counts[share.rawValue] >= 0, "each answer was asked for")
  }

  func count(_ share: WorkBudget.Share) -> Int { counts[share.rawValue] }

  func hasRoom(_ share: WorkBudget.Share) -> Bool {
    let limit =
      switch share {
      // Records without a body, but for those that lead to another channel.
      case .logs: EngineLimits.readsForLogs
      case .realtime: EngineLimits.readsForRealtime
      case .batch, .background: EngineLimits.readsForOthers
      }
    return counts[share.rawValue] < limit
  }
}
