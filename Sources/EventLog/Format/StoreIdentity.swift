internal import CSystemCalls

/// A random 16-byte name of a store; a file of another store never passes for one of this.
struct StoreID: Equatable, Sendable {
  let bytes: [UInt8]

  init(bytes: [UInt8]) {
    precondition(bytes.count == 16, "a store's id has 16 bytes")
    self.bytes = bytes
  }

  /// Lowercase hexadecimal.
  var text: String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}

/// The file STORE: written once, last of all when a store is made. Byte table: FileFormat.md.
struct StoreIdentity: Equatable, Sendable {
  static let magic: [UInt8] = Array("MEDDELA\n".utf8)
  static let version: UInt16 = 1
  static let fileName = "STORE"
  static let bytes = 4096

  var store: StoreID
  var key: SipKey
  var created: Int64

  static func random() throws(EventLogError) -> StoreIdentity {
    let bytes = try randomBytes(32)
    return StoreIdentity(
      store: StoreID(bytes: Array(bytes[..<16])),
      key: SipKey(low: bytes.integer(at: 16), high: bytes.integer(at: 24)),
      created: wallNanoseconds())
  }

  func encoded() -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: Self.bytes)
    bytes.replaceSubrange(0..<8, with: Self.magic)
    bytes.store(Self.version, at: 8)
    bytes.store(UInt32(Self.bytes), at: 12)
    bytes.replaceSubrange(16..<32, with: store.bytes)
    bytes.store(key.low, at: 32)
    bytes.store(key.high, at: 40)
    bytes.store(created, at: 48)
    bytes.store(checksum(bytes[..<4092]), at: 4092)
    return bytes
  }

  static func decode(_ bytes: [UInt8], file: String) throws(EventLogError) -> StoreIdentity {
    guard bytes.count >= 16, bytes.starts(with: magic) else {
      throw EventLogError(
        .notAStore, "the file does not begin with MEDDELA",
        advice: "Is this the directory of an event log? If it is, restore it from a backup.",
        file: file, offset: 0)
    }
    // The version first: a newer one may keep its checksum elsewhere.
    try checkVersion(bytes.integer(at: 8), expected: version...version, file: file)
    guard
      bytes.count == Self.bytes,
      checksum(bytes[..<4092]) == bytes.integer(UInt32.self, at: 4092)
    else {
      throw .damaged(file, 0, "the checksum of the store's identity does not hold")
    }
    return StoreIdentity(
      store: StoreID(bytes: Array(bytes[16..<32])),
      key: SipKey(low: bytes.integer(at: 32), high: bytes.integer(at: 40)),
      created: bytes.integer(at: 48))
  }
}

/// Bytes from the kernel's random source.
func randomBytes(_ count: Int) throws(EventLogError) -> [UInt8] {
  var bytes = [UInt8](repeating: 0, count: count)
  let answer = bytes.withMutableBytes { csystem_random($0.baseAddress, $0.count) }
  guard answer == 0 else {
    throw EventLogError(
      .cannotCreate, "the kernel gave no random bytes", systemError: -answer)
  }
  return bytes
}
