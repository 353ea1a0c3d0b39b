/// Finds the basic properties in a content header (AMQP 0-9-1 section 4.2.6.1): flags, then the
/// values of those that are present, in the order of the flags from the highest bit.
enum PropertiesScanner {
  /// The part of a content header that precedes the property list.
  struct ContentHeader {
    let bodyBytes: UInt64
    let flags: UInt16
    let list: UnsafeRawBufferPointer
  }

  /// Splits a header frame's payload; nil when it is malformed.
  static func contentHeader(_ payload: UnsafeRawBufferPointer) -> ContentHeader? {
    var reader = ByteReader(payload)
    guard let classID: UInt16 = reader.read(), classID == 60,
      let _: UInt16 = reader.read(),
      let bodyBytes: UInt64 = reader.read(),
      let flags: UInt16 = reader.read(),
      // The class has 14 properties: bit 1 is unused and bit 0 says that more flags follow.
      flags & 0b11 == 0,
      let list = reader.slice(reader.remaining)
    else { return nil }
    return ContentHeader(bodyBytes: bodyBytes, flags: flags, list: list)
  }

  /// The properties as slices, where the list will stand at `offset` of the message's storage;
  /// nil when the list is malformed.
  static func properties(_ header: ContentHeader, at offset: Int) -> MessageProperties? {
    var found = MessageProperties()
    var reader = ByteReader(header.list)
    let flags = header.flags

    @inline(__always)
    func short(_ bit: UInt16, _ slice: inout ByteSlice) -> Bool {
      guard flags & (1 << bit) != 0 else { return true }
      guard let bytes = reader.shortString() else { return false }
      let start = offset + reader.position - bytes.count
      slice = ByteSlice(
        offset: UInt32(truncatingIfNeeded: start), count: UInt32(truncatingIfNeeded: bytes.count))
      return true
    }

    guard short(15, &found.contentType), short(14, &found.contentEncoding) else { return nil }
    if flags & (1 << 13) != 0 {
      guard let table = reader.longString() else { return nil }
      let start = offset + reader.position - table.count
      found.headers = ByteSlice(
        offset: UInt32(truncatingIfNeeded: start), count: UInt32(truncatingIfNeeded: table.count))
    }
    if flags & (1 << 12) != 0 {
      guard let mode: UInt8 = reader.read() else { return nil }
      found.deliveryMode = mode
    }
    if flags & (1 << 11) != 0 {
      guard let priority: UInt8 = reader.read() else { return nil }
      found.priority = priority
    }
    guard short(10, &found.correlationID), short(9, &found.replyTo), short(8, &found.expiration),
      short(7, &found.messageID)
    else { return nil }
    if flags & (1 << 6) != 0 {
      guard let seconds: UInt64 = reader.read() else { return nil }
      found.timestampSeconds = seconds
    }
    var clusterID = ByteSlice.absent
    guard short(5, &found.type), short(4, &found.userID), short(3, &found.appID),
      short(2, &clusterID), reader.remaining == 0
    else { return nil }
    return found
  }
}
