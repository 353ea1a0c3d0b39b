/// What never changes during one attempt of an event, in one allocation: its id, type, channel,
/// origin, the producer's external id, the template it is pinned to, its trace context, the
/// channels of a recycling.
///
/// Layout: a table of the fields' ends (little-endian u16, one for each `Field`), the fields'
/// bytes, then the id. All but the id is stored in each of the event's records, which hold the
/// id already (see `RecordPayload`).
struct EventFacts: Sendable {
  enum Field: Int, CaseIterable {
    case type, channel, origin, externalID, templateName, templateVersion
    case traceParent, traceState
    /// Channels that this drive of the event has tried already, and those that it is to try
    /// next, each list joined by commas. Empty until a delivery has failed.
    case triedChannels, fallbackChannels
  }

  static let tableBytes = Field.allCases.count * 2

  private(set) var bytes: [UInt8]

  init() {
    bytes = [UInt8](repeating: 0, count: Self.tableBytes)
  }

  /// Takes over what a record holds (`stored`: table and fields) and its id.
  /// Nil when the table does not describe the bytes.
  init?(stored: UnsafeRawBufferPointer, id: UnsafeRawBufferPointer) {
    guard stored.count >= Self.tableBytes else { return nil }
    var previous = 0
    for field in 0..<Field.allCases.count {
      let end = Int(stored.loadUnaligned(fromByteOffset: field * 2, as: UInt16.self).littleEndian)
      guard end >= previous else { return nil }
      previous = end
    }
    guard Self.tableBytes + previous == stored.count else { return nil }
    bytes = []
    bytes.reserveCapacity(stored.count + id.count)
    bytes.append(contentsOf: stored)
    bytes.append(contentsOf: id)
  }

  /// Gathers the fields from where they stand. A field longer than 65,535 bytes cannot occur:
  /// the decoder bounds each of them (MessageLimits).
  init(
    id: UnsafeRawBufferPointer, capacity: Int,
    append: (Field, inout [UInt8]) -> Void
  ) {
    bytes = []
    bytes.reserveCapacity(Self.tableBytes + capacity)
    bytes.append(contentsOf: repeatElement(0, count: Self.tableBytes))
    for name in Field.allCases {
      append(name, &bytes)
      let end = bytes.count - Self.tableBytes
      precondition(
        end <= Int(UInt16.max) - Self.tableBytes, "the facts of an event fit 65,535 bytes")
      bytes[name.rawValue * 2] = UInt8(truncatingIfNeeded: end)
      bytes[name.rawValue * 2 + 1] = UInt8(truncatingIfNeeded: end >> 8)
    }
    bytes.append(contentsOf: id)
  }

  /// The same facts with another channel and template: what a new pin or a recycling changes.
  func with(
    channel: UnsafeRawBufferPointer, templateName: String, templateVersion: String
  ) -> EventFacts {
    withBytes { all in
      EventFacts(
        id: UnsafeRawBufferPointer(rebasing: all[idRange]),
        capacity: all.count + 256
      ) { field, bytes in
        switch field {
        case .channel: bytes.append(contentsOf: channel)
        case .templateName: bytes.append(contentsOf: templateName.utf8)
        case .templateVersion: bytes.append(contentsOf: templateVersion.utf8)
        default: bytes.append(contentsOf: all[range(of: field)])
        }
      }
    }
  }

  /// Bytes that a record stores: everything before the id.
  var storedCount: Int { Self.tableBytes + end(of: Field.allCases.count - 1) }

  func withBytes<R>(_ body: (UnsafeRawBufferPointer) -> R) -> R {
    bytes.withUnsafeBytes(body)
  }

  func range(of field: Field) -> Range<Int> {
    let start = field.rawValue == 0 ? 0 : end(of: field.rawValue - 1)
    assert(start <= end(of: field.rawValue), "fields stand one behind the other")
    assert(Self.tableBytes + end(of: field.rawValue) <= bytes.count, "a field is in the bytes")
    return Self.tableBytes + start..<Self.tableBytes + end(of: field.rawValue)
  }

  var idRange: Range<Int> { storedCount..<bytes.count }

  /// The bytes of a field; empty when the event does not have it.
  func with<R>(_ field: Field, _ body: (UnsafeRawBufferPointer) -> R) -> R {
    let range = range(of: field)
    return bytes.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[range])) }
  }

  func withID<R>(_ body: (UnsafeRawBufferPointer) -> R) -> R {
    let range = idRange
    return bytes.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[range])) }
  }

  func string(_ field: Field) -> String {
    with(field) { String(decoding: $0, as: UTF8.self) }
  }

  var id: [UInt8] { withID { Array($0) } }

  private func end(of index: Int) -> Int {
    Int(bytes[index * 2]) | Int(bytes[index * 2 + 1]) << 8
  }
}
