/// What the records that tables do not know continue: whether one of them belongs to an event that
/// the tables hold for final. Owner's thread only.
///
/// Remembered a few tables longer than needed: what was decided by older tables can still be
/// checked.
struct ReopenedEvents {
  /// Records that continue one of a table, in LSN order.
  private var list: [(lsn: UInt64, previous: UInt64)] = []
  /// The others continue young records: of each stretch the oldest of these, all ones where there
  /// is none. `oldest[i]` is of stretch `first + i`.
  private var oldest: [UInt64] = []
  private var first: UInt64 = 0
  /// What tables covered lately; what lies behind the first of these is remembered.
  private var steps: [UInt64] = []

  /// So many tables may be made while the owner makes up its mind.
  static let rememberedSteps = 4
  private static let stretchBits: UInt64 = 10

  private static func stretch(_ lsn: UInt64) -> UInt64 { lsn >> stretchBits }

  /// `lsn`, which ascends, continues the event of record `previous`, 0 for a new event; `covered`:
  /// what tables are known to cover.
  @inline(__always)
  mutating func note(lsn: UInt64, previous: UInt64, covered: UInt64) {
    guard previous > 0 else { return }
    if previous <= covered { return list.append((lsn, previous)) }
    let place = Int(Self.stretch(lsn) - first)
    while oldest.count <= place { oldest.append(.max) }
    oldest[place] = min(oldest[place], previous)
  }

  /// Tables are known to cover the log up to `covered`.
  mutating func see(covered: UInt64) {
    if steps.last != covered { steps.append(covered) }
    if steps.count > Self.rememberedSteps { steps.removeFirst() }
    let known = steps[0]
    list.removeFirst(list.firstIndex { $0.lsn > known } ?? list.count)
    let needed = Self.stretch(known + 1)
    oldest.removeFirst(min(oldest.count, Int(needed - first)))
    first = needed
  }

  /// Whether it is sure that no event whose newest record in the tables is at or before `lsn` has
  /// a newer one, by tables that covered `covered`, now or some tables ago.
  func isUntouched(through lsn: UInt64, covered: UInt64) -> Bool {
    guard let known = steps.first, covered >= known else { return false }
    let place = Int(Self.stretch(covered + 1) - first)
    return !list.contains { $0.lsn > covered && $0.previous <= lsn }
      && !oldest.dropFirst(place).contains { $0 <= lsn }
  }
}
