/// What long work on derived files calls while it goes on; both throw `closed` to give it up.
struct TablePace {
  /// Called with the bytes written or read since the last call; waits, so that the work stays in
  /// the background.
  let hold: (Int) throws(EventLogError) -> Void
  /// For work that does not wait.
  let breathe: () throws(EventLogError) -> Void

  /// Of the opener and the closer, which wait for the work themselves.
  static var unheld: TablePace { TablePace(hold: { _ in }, breathe: {}) }
}
