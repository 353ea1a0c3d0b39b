internal import EventLog
internal import Execution
internal import JSON
internal import Messages
internal import Node

/// A copy for the parked queue that the broker has not taken yet: it waits in the event log.
struct WaitingCopy: ParkedFacts {
  let shard: String
  let reason: String
  let detail: String
  let messageID: String?
  let batchID: String?
  let lane: String
  let firstSeen: String
  let bodyBytes: Int
  private let exchange: String
  private let routingKey: String
  private let namedType: String?

  /// Nil when the record is none of such a copy.
  init?(_ view: RecordView, shard: String) {
    guard let record = ParkedRecord(view.payload) else { return nil }
    self.shard = shard
    reason = record.reason
    detail = record.detail
    messageID = record.messageID.isEmpty ? nil : record.messageID
    batchID = record.batchID.isEmpty ? nil : record.batchID
    lane = record.lane
    firstSeen = record.firstSeen.isNone ? "" : record.firstSeen.text
    bodyBytes = record.bodyCount
    exchange = record.exchange
    routingKey = record.routingKey
    let type = try? JSONParser().withDocument(Array(record.body)) { $0["type"]?.asString?.string }
    namedType = type ?? nil
  }

  func isOf(type: String) -> Bool { routingKey == type || namedType == type }

  /// One line of JSON.
  var json: String {
    var object = JSONObjectText()
    object.add("reason", reason)
    object.add("detail", detail)
    object.add("messageId", messageID)
    object.add("lane", lane)
    object.add("firstSeen", firstSeen)
    object.add("exchange", exchange)
    object.add("routingKey", routingKey)
    if let batchID { object.add("batchId", batchID) }
    object.add("bytes", bodyBytes)
    object.add("waiting", true)
    object.add("shard", shard)
    return object.text
  }
}

/// The copies that wait, from the store's files. Those rather than the running service: they say
/// it while it is down, too; the service knows only where its copies are, and would read each one
/// back beside its real-time work; and finding the open ones costs no more than a start does (the
/// checkpoint, the tables behind it, and the newest segments), however large the log is.
struct WaitingCopies {
  private let shards: StoreShards

  /// Nil when there is no event log on this machine.
  init?(_ node: NodeConfiguration) {
    guard let shards = try? StoreShards(node) else { return nil }
    self.shards = shards
  }

  /// Calls `body` with each that the filter wants, in the order of each log.
  func forEach(_ filter: ParkedFilter, _ body: (WaitingCopy) -> Void) throws {
    do {
      for name in shards.names {
        let reader = try EventLogReader(path: shards.path(name))
        try reader.forEachOpen([.aside, .driven]) { record in
          guard let copy = WaitingCopy(record, shard: name) else {
            throw CommandFailure(
              "record \(record.header.lsn) of \(shards.path(name)) is not one that this program "
                + "writes", .data)
          }
          if filter.matches(copy) { body(copy) }
        }
      }
    } catch let error as EventLogError {
      throw CommandFailure(error)
    }
  }
}
