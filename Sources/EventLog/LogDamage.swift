/// Damage that the log met and goes on with: what it holds of it, and what it did.
package enum LogDamage: Sendable, Equatable {
  /// Retention came to a segment that is damaged. It is kept, and those behind it.
  case kept(StoreFinding)
  /// Bytes of a segment are damaged that nobody has asked for.
  case found(StoreFinding)
  /// Retention removed a damaged segment. So many events that were under way had a record in it
  /// that they need, and cannot go on.
  case dropped(StoreFinding, endedEvents: Int)
  /// A file that is derived from the log was damaged, and was made again.
  case repaired(file: String)
}
