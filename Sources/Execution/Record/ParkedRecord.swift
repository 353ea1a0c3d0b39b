package import Messages

/// The payload of a `parked` record: a copy for the parked queue that the broker did not take in
/// time, and that is published from the log when it does.
///
/// Format, little-endian (version 1, which is written when the copy has no property of version 2):
///
/// | at | bytes | what |
/// |---|---|---|
/// | 0 | 1 | version |
/// | 1 | 7 | zero |
/// | 8 | 8 | number: the LSN of the first record about this copy, which names it |
/// | 16 | 8 | when the message was first seen, unix nanoseconds |
/// | 24 | 52 | thirteen lengths of four bytes, of the parts in their order |
/// | 76 | | the parts: reason, detail, exchange, routing key, lane, batch id, version of the |
/// | | | program, message id, correlation id, reply_to, content type, headers, body |
///
/// Version 2 has twenty parts, with a length each. Those behind the body are the message's other
/// properties: content encoding, type, app id, user id, expiration (milliseconds as text),
/// priority (one byte, or none), timestamp (seconds since 1970 in eight bytes, or none).
package struct ParkedRecord {
  /// Parts by version, from 1.
  static let partCounts = [13, 20]
  static func headerBytes(_ partCount: Int) -> Int { 24 + 4 * partCount }

  /// Names the copy in the log: its key is that of `id(number:)`.
  package let number: UInt64
  package let firstSeen: Timestamp
  let bytes: UnsafeRawBufferPointer
  private let parts: [Range<Int>]

  /// Nil when the bytes are not such a payload.
  package init?(_ bytes: UnsafeRawBufferPointer) {
    guard let version = bytes.first, Self.partCounts.indices.contains(Int(version) - 1),
      case let partCount = Self.partCounts[Int(version) - 1],
      bytes.count >= Self.headerBytes(partCount)
    else { return nil }
    number = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
    firstSeen = Timestamp(
      nanoseconds: Int64(
        littleEndian: bytes.loadUnaligned(fromByteOffset: 16, as: Int64.self)))
    var parts: [Range<Int>] = []
    var at = Self.headerBytes(partCount)
    for index in 0..<partCount {
      let count = UInt32(
        littleEndian: bytes.loadUnaligned(fromByteOffset: 24 + index * 4, as: UInt32.self))
      guard Int(count) <= bytes.count - at else { return nil }
      parts.append(at..<at + Int(count))
      at += Int(count)
    }
    guard at == bytes.count, partCount == Self.partCounts[0] || parts[18].count <= 1,
      partCount == Self.partCounts[0] || [0, 8].contains(parts[19].count)
    else { return nil }
    self.bytes = bytes
    self.parts = parts
  }

  private func part(_ index: Int) -> [UInt8] {
    index < parts.count ? Array(bytes[parts[index]]) : []
  }
  private func text(_ index: Int) -> String { String(decoding: part(index), as: UTF8.self) }

  /// Why it is parked.
  package var reason: String { text(0) }
  /// Where and why, in a sentence.
  package var detail: String { text(1) }
  /// The exchange that the message was published to.
  package var exchange: String { text(2) }
  /// The routing key that it was published with.
  package var routingKey: String { text(3) }
  /// What it came by: the name of an inlet, or `status`.
  package var lane: String { text(4) }
  /// Of the message that it was an element of; empty for none.
  package var batchID: String { text(5) }
  /// The message's id; empty for none.
  package var messageID: String { text(7) }
  /// The message's body, valid as long as the record's bytes are.
  package var body: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: bytes[parts[12]]) }
  /// How many bytes the message's body has.
  package var bodyCount: Int { parts[12].count }

  /// The copy, to be published.
  var copy: ParkedCopy {
    ParkedCopy(
      origin: ParkedCopy.Origin(
        reason: part(0), detail: part(1), exchange: part(2), routingKey: part(3), lane: part(4),
        firstSeen: firstSeen, batchID: part(5), version: part(6)),
      messageID: part(7), correlationID: part(8), replyTo: part(9), contentType: part(10),
      properties: properties,
      originalHeaders: ByteRange(offset: parts[11].lowerBound, count: parts[11].count),
      body: Array(bytes), bodyRange: parts[12])
  }

  private var properties: ParkedCopy.Properties {
    ParkedCopy.Properties(
      contentEncoding: part(13), type: part(14), appID: part(15), userID: part(16),
      expiration: part(17), priority: part(18).first,
      timestampSeconds: part(19).isEmpty
        ? nil : part(19).reversed().reduce(0) { $0 << 8 | UInt64($1) })
  }

  /// What the copy with this number has for an id in the log. No event has such a one: theirs are
  /// printable.
  static func id(number: UInt64) -> [UInt8] {
    [0] + Array("parked.\(number)".utf8)
  }

  /// How many bytes `write` appends.
  static func byteCount(_ copy: ParkedCopy) -> Int {
    let (first, last) = (parts(copy), parts(copy.properties))
    return headerBytes(first.count + 2 + last.count)
      + (first + last).reduce(copy.originalHeaders.count + copy.bodyRange.count) {
        $0 + $1.count
      }
  }

  static func write(_ copy: ParkedCopy, number: UInt64, to bytes: inout [UInt8]) {
    func append<T: FixedWidthInteger>(_ value: T) {
      withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }
    let start = bytes.count
    defer { assert(bytes.count - start == byteCount(copy), "it has the size that was told") }
    let (first, last) = (parts(copy), parts(copy.properties))
    append(UInt64(last.isEmpty ? 1 : 2))
    append(number)
    append(copy.origin.firstSeen.nanoseconds)
    for part in first { append(UInt32(part.count)) }
    append(UInt32(copy.originalHeaders.count))
    append(UInt32(copy.bodyRange.count))
    for part in last { append(UInt32(part.count)) }
    for part in first { bytes.append(contentsOf: part) }
    bytes.append(contentsOf: copy.body[copy.originalHeaders.range])
    bytes.append(contentsOf: copy.body[copy.bodyRange])
    for part in last { bytes.append(contentsOf: part) }
  }

  /// The parts of version 2; none for a copy without such properties.
  private static func parts(_ properties: ParkedCopy.Properties) -> [[UInt8]] {
    guard properties != ParkedCopy.Properties() else { return [] }
    let timestamp = properties.timestampSeconds.map { seconds in
      withUnsafeBytes(of: seconds.littleEndian) { Array($0) }
    }
    return [
      properties.contentEncoding, properties.type, properties.appID, properties.userID,
      properties.expiration, properties.priority.map { [$0] } ?? [], timestamp ?? [],
    ]
  }

  /// All parts of version 1 but headers and body.
  private static func parts(_ copy: ParkedCopy) -> [[UInt8]] {
    let origin = copy.origin
    return [
      origin.reason, origin.detail, origin.exchange, origin.routingKey, origin.lane,
      origin.batchID, origin.version, copy.messageID, copy.correlationID, copy.replyTo,
      copy.contentType,
    ]
  }
}
