/// How much was written to derived files since the log was opened: counted by the keeper, read by
/// anyone.
final class IndexWrites: Sendable {
  /// Of tables, positions and checkpoints.
  let bytes = AtomicCounter()
  /// Entries of tables, each as often as it was written.
  let entries = AtomicCounter()
  /// Of those, the ones of segments that were indexed: each once.
  let firstEntries = AtomicCounter()

  func add(_ table: Table) {
    bytes.add(Int(table.header.fileBytes))
    entries.add(table.header.entries)
  }
}
