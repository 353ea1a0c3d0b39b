import EventLog
import LogSequence
import Messages

@testable import Node

/// What has to hold about whose a shard's queues are, each rule with the steps that show it.
enum OwnerRule: CaseIterable {
  /// Without the lease no store is opened.
  case leaseFirst
  /// With the lease only the store that the record names is, and no copy of it that is behind.
  case recordDecides
  /// Nothing is taken before our record is in the broker.
  case recordedFirst
  /// A lease that is lost stops everything.
  case lostIsHeld
  /// One record stays, however often it is replaced.
  case oneRecord
  /// An owner ends when the record is another's.
  case successorStays
  /// At a clean end the last record is in the broker before the lease goes.
  case lastRecord

  /// Whether the rule holds for an ownership with these defects.
  func holds(_ breaks: OwnershipBreaks = []) -> Bool {
    switch self {
    case .leaseFirst:
      var ownership = Self.reading(false, breaks)
      return !ownership.read([Self.record()], Self.store, at: 0).contains(.grant)
    case .recordDecides:
      return [Self.record("bb"), Self.record(lsn: 107)].allSatisfy { record in
        var ownership = Self.reading(true, breaks)
        let actions = ownership.read([record], Self.store, at: 0)
        return !actions.contains(.grant) && Self.ends(actions)
      }
    case .recordedFirst:
      var ownership = Self.reading(true, breaks)
      _ = ownership.read([Self.record()], Self.store, at: 0)
      return !ownership.opened().contains(.goOn) && ownership.recorded().contains(.goOn)
    case .lostIsHeld:
      var ownership = Self.owning(breaks)
      return ownership.lost() == [.hold]
    case .oneRecord:
      var ownership = Self.renewed(breaks)
      let records = [Self.record(epoch: 4, time: 5), Self.record(epoch: 4, time: 6)]
      return ownership.read(records, Self.opened, at: 0).contains(.take([0]))
    case .successorStays:
      var ownership = Self.renewed(breaks)
      let records = [Self.record(epoch: 4), Self.record("bb", lineage: 1)]
      return Self.ends(ownership.read(records, Self.opened, at: 0))
    case .lastRecord:
      var ownership = Self.owning(breaks)
      return ownership.finish() == [.publish] && ownership.recorded() == [.leave]
    }
  }

  private static let store = StoreStanding(storeID: "aa", lineage: 0, epoch: 3, lsn: 100)
  private static let opened = StoreStanding(storeID: "aa", lineage: 0, epoch: 4, lsn: 100)

  private static func record(
    _ storeID: String = "aa", lineage: UInt64 = 0, epoch: UInt64 = 3, lsn: LSN = 100,
    time: Int64 = 1
  ) -> OwnerRecord {
    OwnerRecord(
      standing: StoreStanding(storeID: storeID, lineage: lineage, epoch: epoch, lsn: lsn),
      host: "h", time: Timestamp(nanoseconds: time))
  }

  private static func ends(_ actions: [Ownership.Action]) -> Bool {
    actions.contains { action in
      if case .end = action { true } else { false }
    }
  }

  /// One that is about to read the records.
  private static func reading(_ hasLease: Bool, _ breaks: OwnershipBreaks) -> Ownership {
    var ownership = Ownership(isStandby: false, heartbeatSeconds: 10, breaks: breaks)
    _ = ownership.connected()
    _ = ownership.prepared()
    _ = ownership.claimed(hasLease, at: 0)
    return ownership
  }

  /// One that has the queues.
  private static func owning(_ breaks: OwnershipBreaks) -> Ownership {
    var ownership = reading(true, breaks)
    _ = ownership.read([record()], store, at: 0)
    _ = ownership.opened()
    _ = ownership.recorded()
    _ = ownership.read([record(), record(epoch: 4)], opened, at: 0)
    return ownership
  }

  /// One that has just written its record once more.
  private static func renewed(_ breaks: OwnershipBreaks) -> Ownership {
    var ownership = owning(breaks)
    _ = ownership.wake()
    _ = ownership.recorded()
    return ownership
  }
}
