package import EventLog
internal import JSON
internal import LogSequence
package import Messages

/// What the message in a shard's owner queue says: which store the shard's queues belong to, and
/// how far it had come. `schemas/owner.schema.json` has its fields.
package struct OwnerRecord: Equatable, Sendable {
  package var standing: StoreStanding
  /// Where the service ran that wrote it.
  package var host: String
  /// When it was written, by that host's clock.
  package var time: Timestamp

  package init(standing: StoreStanding, host: String, time: Timestamp) {
    self.standing = standing
    self.host = host
    self.time = time
  }

  /// Nil for what is no such record: somebody else's message.
  package init?(body: [UInt8]) {
    guard body.count <= Self.mostBytes,
      let record = try? JSONParser().withDocument(body, { OwnerRecord($0) })
    else { return nil }
    self = record
  }

  private init?(_ value: JSONValue) {
    guard let storeID = value["identity"]?.asString, let host = value["host"]?.asString,
      let lineage = Self.count(value["lineage"]), let epoch = Self.count(value["epoch"]),
      let lsn = Self.count(value["lsn"]).map({ LSN($0) }), let time = value["time"]?.asString,
      let time = Timestamp(rfc3339: time.bytes)
    else { return nil }
    standing = StoreStanding(storeID: storeID.string, lineage: lineage, epoch: epoch, lsn: lsn)
    self.host = host.string
    self.time = time
  }

  private static func count(_ value: JSONValue?) -> UInt64? {
    value?.asInt64.flatMap { UInt64(exactly: $0) }
  }

  private static let mostBytes = 1 << 16

  /// The body of the message.
  package func body(shard: ShardNumber) -> [UInt8] {
    var writer = ByteWriter(capacity: 256)
    writer.write(#"{"schemaVersion":1,"shard":""#)
    shard.write(to: &writer)
    writer.write(#"","identity":""#)
    writer.write(text: standing.storeID)
    writer.write(#"","lineage":"#)
    writer.write(decimal: standing.lineage)
    writer.write(#","epoch":"#)
    writer.write(decimal: standing.epoch)
    writer.write(#","lsn":"#)
    writer.write(decimal: standing.lsn.rawValue)
    writer.write(#","host":"#)
    Array(host.utf8).withUnsafeBytes { writer.writeJSONString($0) }
    writer.write(#","time":""#)
    time.write(to: &writer)
    writer.write(#""}"#)
    return writer.array()
  }

  /// Of several messages in an owner queue the newest counts: the one of the higher lineage, then
  /// epoch, then LSN.
  package static func isOlder(_ a: OwnerRecord, _ b: OwnerRecord) -> Bool {
    let left = (a.standing.lineage, a.standing.epoch, a.standing.lsn, a.time.nanoseconds)
    let right = (b.standing.lineage, b.standing.epoch, b.standing.lsn, b.time.nanoseconds)
    return left < right
  }
}

extension ByteWriter {
  fileprivate mutating func write(text: String) {
    for byte in text.utf8 { write(byte: byte) }
  }
}
