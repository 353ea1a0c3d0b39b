internal import CStoreRivals
internal import Glibc

/// SQLite, LMDB or RocksDB with the transitions of `NumberedRecord`: the key is the event's id and
/// the transition's number (20 bytes), the value 180 bytes, together as long as a record of ours.
final class RivalStore {
  enum Kind: UInt32, CaseIterable {
    case sqlite = 0
    case lmdb = 1
    case rocksdb = 2

    var name: String {
      switch self {
      case .sqlite: "SQLite"
      case .lmdb: "LMDB"
      case .rocksdb: "RocksDB"
      }
    }
  }

  private let store: OpaquePointer
  static let keyBytes = 20
  static let valueBytes = 180

  /// - Throws: when the library is not installed, with a sentence that says so.
  init(_ kind: Kind, directory: String) throws {
    mkdir(directory, 0o700)
    var error = [CChar](repeating: 0, count: 512)
    guard
      let store = rivals_open(rivals_kind(kind.rawValue), directory, &error, error.count)
    else { throw BenchFailure(Self.text(error)) }
    self.store = store
  }

  func close() { rivals_close(store) }

  /// One transaction a frame; stops after `limitSeconds`.
  /// - Returns: transitions a second, and how many there are.
  func run(frames: [Int], limitSeconds: Double) throws -> (perSecond: Double, count: Int) {
    var keys = [UInt8](repeating: 0, count: (frames.max() ?? 0) * Self.keyBytes)
    var values = [UInt8](repeating: 0, count: (frames.max() ?? 0) * Self.valueBytes)
    var error = [CChar](repeating: 0, count: 512)
    var done = 0
    let start = StorePasses.seconds()
    for count in frames {
      for index in 0..<count {
        let record = NumberedRecord(UInt64(done + index + 1))
        keys.withUnsafeMutableBytes { Self.writeKey(record, index, $0) }
        values.withUnsafeMutableBytes { all in
          let from = index * Self.valueBytes
          record.writePayload(
            UnsafeMutableRawBufferPointer(rebasing: all[from..<from + Self.valueBytes]))
        }
      }
      let answer = rivals_put(
        store, keys, Self.keyBytes, values, Self.valueBytes, count, &error, error.count)
      guard answer == 0 else { throw BenchFailure(Self.text(error)) }
      done += count
      if StorePasses.seconds() - start > limitSeconds { break }
    }
    return (Double(done) / (StorePasses.seconds() - start), done)
  }

  /// Reads random transitions of the first `count`; reads a second.
  func readRandom(_ reads: Int, of count: Int) throws -> Double {
    var key = [UInt8](repeating: 0, count: Self.keyBytes)
    var value = [UInt8](repeating: 0, count: Self.valueBytes)
    let start = StorePasses.seconds()
    for index in 0..<reads {
      let number = NumberedRecord.mixed(UInt64(index)) % UInt64(count) + 1
      key.withUnsafeMutableBytes { Self.writeKey(NumberedRecord(number), 0, $0) }
      guard rivals_get(store, key, key.count, &value, value.count) == Self.valueBytes else {
        throw BenchFailure("transition \(number) is not there")
      }
    }
    return Double(reads) / (StorePasses.seconds() - start)
  }

  private static func writeKey(
    _ record: NumberedRecord, _ index: Int, _ keys: UnsafeMutableRawBufferPointer
  ) {
    let from = index * keyBytes
    record.writeID(UnsafeMutableRawBufferPointer(rebasing: keys[from..<from + 16]))
    let step = UInt32(record.step).bigEndian
    keys.storeBytes(of: step, toByteOffset: from + 16, as: UInt32.self)
  }

  private static func text(_ bytes: [CChar]) -> String {
    String(decoding: bytes.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
