internal import AMQP
internal import EventLog
internal import Glibc
internal import Messages

/// A record on its way into the owner queue.
struct OwnerMessage {
  let record: OwnerRecord
  let exchange: String
  let queue: String
  let shard: ShardNumber
  /// Of this process: its record's number, by which it is confirmed.
  let serial: UInt64

  /// What a return of it is recognised by.
  var messageID: String { "\(queue).\(record.standing.epoch).\(serial)" }

  func publish(on link: BrokerLink) throws(AMQPError) {
    let texts = [queue, messageID, OwnerRecord.contentType, OwnerRecord.type, exchange]
      .map(StableBytes.init)
    var message = OutgoingMessage(exchange: texts[4].view, routingKey: texts[0].view)
    message.isMandatory = true
    message.messageID = texts[1].view
    message.contentType = texts[2].view
    message.type = texts[3].view
    message.timestampSeconds = UInt64(max(0, record.time.nanoseconds / 1_000_000_000))
    let body = StableBytes(String(decoding: record.body(shard: shard), as: UTF8.self))
    try link.publish(message, body: body.view, token: serial)
    withExtendedLifetime((texts, body)) {}
  }
}

extension OwnerRecord {
  package static let contentType = "application/json"
  package static let type = "meddela.owner"

  /// The name of this machine.
  package static var thisHost: String {
    var name = [CChar](repeating: 0, count: 256)
    guard gethostname(&name, name.count - 1) == 0 else { return "unknown" }
    return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
