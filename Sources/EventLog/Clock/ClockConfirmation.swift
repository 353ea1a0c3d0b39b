/// The file CLOCK.confirm: a person's word that the wall clock is right, for the writer of the
/// store, which removes it. Text: the store's id, and the jump that was seen, in nanoseconds.
struct ClockConfirmation: Equatable {
  static let fileName = "CLOCK.confirm"
  private static let maxBytes = 4096

  var store: StoreID
  /// By how much the wall clock had gone on more than the store's time.
  var gap: Int64

  func encoded() -> [UInt8] { Array("\(store.text) \(gap)\n".utf8) }

  /// Nil for anything else.
  static func decode(_ bytes: [UInt8], store: StoreID) -> ClockConfirmation? {
    let words = String(decoding: bytes, as: UTF8.self).split { $0 == " " || $0 == "\n" }
    guard words.count == 2, words[0] == store.text, let gap = Int64(words[1]) else { return nil }
    return ClockConfirmation(store: store, gap: gap)
  }

  /// Nil when there is none; a `.some(nil)` says nothing that is understood.
  static func read(
    _ disk: any Disk, _ paths: StorePaths, store: StoreID
  ) throws(EventLogError) -> ClockConfirmation?? {
    guard let bytes = try disk.contents(of: paths.clockConfirmation, atMost: maxBytes) else {
      return nil
    }
    return .some(decode(bytes, store: store))
  }
}
