internal import EventLog
internal import Execution
internal import LogSequence
internal import Messages
internal import Node

/// The events of all shards of a store, read from their files.
struct StoredEvents {
  /// In the order of their numbers; at least one.
  let shards: [StoredShard]

  /// - Parameter leftOut: takes what is damaged; without it, damage ends a walk.
  init(_ node: NodeConfiguration, leftOut: LeftOut? = nil) throws {
    let stored = try StoreShards(node)
    shards = try stored.numbers.map {
      try StoredShard($0, path: node.storePath(of: $0), leftOut: leftOut)
    }
  }

  /// Looks where the index says that it may be. An event that several shards have (one without a
  /// message_id, or from before their number was another) is said of the one that took it last.
  ///
  /// - Throws: when no shard holds such an event.
  func history(of id: String) throws -> EventHistory {
    let histories = try shards.map { try $0.history(of: id) }
    let found = histories.filter { !$0.updates.isEmpty }
    guard let newest = found.max(by: { $0.acceptedNanoseconds < $1.acceptedNanoseconds })
    else {
      let cancelled = histories.compactMap(\.cancelledAt).first.map {
        "; it was cancelled at \($0.text), and is ignored when it comes"
      }
      throw CommandFailure("the store has no event \(id)\(cancelled ?? "")", .noInput)
    }
    for other in found where other.shard != newest.shard {
      warn("shard \(other.shard) has an event \(id), too; this is the one of \(newest.shard)")
    }
    return newest
  }

  /// Calls `body` with the newest record of each event that the filter may want, shard by shard, in
  /// the order of their logs: see `StoredShard`.
  ///
  /// - Parameter label: of the progress bar.
  func forEachNewest(
    _ filter: EventFilter, _ label: String, _ body: (StoredShard, RecordView) throws -> Void
  ) throws {
    for shard in shards {
      try shard.forEachNewest(filter, ScanProgress(label)) { try body(shard, $0) }
    }
  }

  /// Where the newest record of an event is.
  private struct Place {
    /// Index among the shards.
    var shard: Int
    var time: Int64
    var lsn: LSN
  }

  /// The same events, newest first, and only those that `matches` wants. Memory is 24 bytes for
  /// each of them, and what `body` is given at a time; reads the logs once more.
  ///
  /// - Parameter limit: at most so many.
  /// - Returns: how many there are, those beyond the limit among them.
  func forEachNewestFirst(
    _ filter: EventFilter, limit: Int, _ label: String,
    matches: (StoredShard, RecordView) throws -> Bool,
    _ body: (StoredShard, RecordView) throws -> String, _ show: (String) throws -> Void
  ) throws -> Int {
    var places: [Place] = []
    var count = 0
    for (index, shard) in shards.enumerated() {
      var found: [Place] = []
      try shard.forEachNewest(filter, ScanProgress(label)) { record in
        guard try matches(shard, record) else { return }
        count += 1
        let header = record.header
        found.append(Place(shard: index, time: header.time, lsn: header.lsn))
        if found.count >= 2 * limit { found.removeFirst(found.count - limit) }
      }
      places = Self.merged(places, found).suffix(limit)
    }
    var rest = places[...]
    while !rest.isEmpty {
      let chunk = rest.suffix(Self.chunkRecords)
      rest = rest.dropLast(Self.chunkRecords)
      let lines = try shards.indices.map { index in
        try shards[index].lines(of: chunk.filter { $0.shard == index }.map(\.lsn), body)
      }
      for place in chunk.reversed() {
        if let line = lines[place.shard][place.lsn] { try show(line) }
      }
    }
    return count
  }

  /// By time; of one shard in the order of its log, whatever its clock said.
  private static func merged(_ a: [Place], _ b: [Place]) -> [Place] {
    var result: [Place] = []
    result.reserveCapacity(a.count + b.count)
    var (left, right) = (a[...], b[...])
    while let first = left.first, let second = right.first {
      if second.time < first.time {
        result.append(right.removeFirst())
      } else {
        result.append(left.removeFirst())
      }
    }
    return result + left + right
  }

  /// Records whose lines are in memory at one time.
  private static let chunkRecords = 20_000
}
