/// How much of what the wall clock says is believed, by the retention time.
struct ClockLimits: Equatable {
  /// A store that was closed for no longer, by the wall clock, counts that at once: a quarter of
  /// the retention time, a day at most. So a clock that is wrong at a start takes no more than that
  /// from anything, once; restarts, wrong time zones and nights are shorter.
  let believed: Int64
  /// A longer time counts when the clock has stood for so long while the log was open: a quarter of
  /// the retention time, three days at most. So the store holds a quarter more than it should at
  /// most, and somebody who is away over a weekend is back before anything goes.
  let confirmation: Int64
  /// A clock that moves more than this between two looks was set: clocks are steered by less.
  let tolerance: Int64
  /// From one sample to the next.
  let sampling: Int64
  /// How often the file is written.
  let saving: Int64

  private static let second: Int64 = 1_000_000_000
  private static let day = 86_400 * second

  init(retentionSeconds: Int64) {
    let time = max(1, min(retentionSeconds, 1 << 33)) * Self.second
    believed = min(time / 4, Self.day)
    confirmation = min(time / 4, 3 * Self.day)
    tolerance = max(Self.second, min(60 * Self.second, time / 64))
    sampling = time / 256
    saving = max(Self.second, min(time / 256, 3600 * Self.second))
  }
}
