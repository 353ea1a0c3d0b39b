internal import EventLog
internal import LogSequence

/// A record whose content follows from its number, so that a checker needs no ledger of contents:
/// three transitions an event, a thousand records apart, ids in no order, a payload of pseudorandom
/// bytes. With the standard payload a record has 200 bytes.
struct NumberedRecord {
  /// 1, 2, 3 ...
  let number: UInt64
  /// The LSN before the first number: records of different bases are of different events.
  let base: LSN

  static let idBytes = 16
  static let payloadBytes = 120
  /// Header, id and payload.
  static let bytes = 200
  // Made once: another module's compiler spells a set out element by element.
  private static let flags: RecordFlags = [.event, .publish]
  private static let lastFlags: RecordFlags = [.event, .publish, .final]
  /// Records from one transition of an event to the next.
  static let distance: UInt64 = 1000

  init(_ number: UInt64, base: LSN = 0) {
    self.number = number
    self.base = base
  }

  var lsn: LSN { base.advanced(by: Int(number)) }

  /// 0, 1, 2: which transition of the event it is.
  var step: UInt64 { (number - 1) / Self.distance % 3 }

  private var event: UInt64 {
    let block = (number - 1) / (3 * Self.distance)
    return block * Self.distance + (number - 1) % Self.distance
  }

  func writeID(_ id: UnsafeMutableRawBufferPointer) {
    id.storeBytes(of: Self.mixed(event), as: UInt64.self)
    id.storeBytes(of: Self.mixed(base.rawValue ^ 0x5555), toByteOffset: 8, as: UInt64.self)
  }

  func writePayload(_ payload: UnsafeMutableRawBufferPointer) {
    // Words that do not wait for each other: what the bench makes should cost the log little.
    let seed = Self.mixed(lsn.rawValue ^ 0xA5A5_A5A5_A5A5_A5A5)
    for index in 0..<Self.payloadBytes / 8 {
      let word = (seed &+ UInt64(index) &* 0x9E37_79B9_7F4A_7C15) &* 0xD129_42F2_9B4A_B06D
      payload.storeBytes(of: word ^ (word >> 32), toByteOffset: index * 8, as: UInt64.self)
    }
  }

  func header(hash: EventHash) -> RecordHeader {
    RecordHeader(
      lsn: lsn, kind: step == 0 ? 1 : 2, status: UInt8(step + 1), previousStatus: UInt8(step),
      flags: step == 2 ? Self.lastFlags : Self.flags,
      attempt: 1, time: Int64(lsn.rawValue) * 1_000_000, hash: hash,
      previousLSN: step == 0 ? 0 : lsn.advanced(by: -Int(Self.distance)))
  }

  /// Whether what came back is what was written.
  func equals(_ view: RecordView) -> Bool {
    guard view.header == header(hash: view.header.hash) else { return false }
    return Self.withSpace { id, payload in
      writeID(id)
      writePayload(payload)
      return view.id.elementsEqual(id) && view.payload.elementsEqual(payload)
    }
  }

  /// Room for an id and a payload.
  static func withSpace<R>(
    _ body: (UnsafeMutableRawBufferPointer, UnsafeMutableRawBufferPointer) -> R
  ) -> R {
    withUnsafeTemporaryAllocation(byteCount: idBytes + payloadBytes, alignment: 8) { bytes in
      body(
        UnsafeMutableRawBufferPointer(rebasing: bytes[..<idBytes]),
        UnsafeMutableRawBufferPointer(rebasing: bytes[idBytes...]))
    }
  }

  /// SplitMix64's finisher: a bijection, so ids are unique.
  static func mixed(_ value: UInt64) -> UInt64 {
    var word = value &+ 0x9E37_79B9_7F4A_7C15
    word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
    word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
    return word ^ (word >> 31)
  }
}

extension EventLog {
  /// Appends the next `count` numbered records after `base`.
  func append(numbered count: Int, base: LSN = 0) {
    NumberedRecord.withSpace { id, payload in
      for _ in 0..<count {
        let record = NumberedRecord(UInt64(base.distance(to: nextLSN)), base: base)
        record.writeID(id)
        record.writePayload(payload)
        let idBytes = UnsafeRawBufferPointer(id)
        append(
          record.header(hash: hash(of: idBytes)), id: idBytes,
          payload: UnsafeRawBufferPointer(payload))
      }
    }
  }
}
