import Glibc

/// The seeds of a random test: `count` of them, EVENTLOG_SEEDS times as many for a long run, or the
/// one in EVENTLOG_SEED to run a failure again.
func seeds(_ count: Int) -> [UInt64] {
  var count = count
  if let text = getenv("EVENTLOG_SEEDS"), let factor = Int(String(cString: text)) {
    count *= max(1, factor)
  }
  if let text = getenv("EVENTLOG_SEED"), let seed = UInt64(String(cString: text)) {
    return [seed]
  }
  return (1...UInt64(count)).map { $0 }
}
