/// The file CLOCK: how old the records of a store are, and how far its time had come when it was
/// written. Only the time of retention depends on it. Byte table: FileFormat.md.
struct ClockFile: Equatable {
  static let magic: [UInt8] = [0x89, 0x45, 0x56, 0x43, 0x4C, 0x4B, 0x0D, 0x0A]
  static let version: UInt16 = 1
  static let fileName = "CLOCK"
  static let headerBytes = 96
  static let sampleBytes = 16
  static let maxBytes = headerBytes + Limits.ageSamples * sampleBytes + 4

  var store: StoreID
  var time: StoreTime.Saved

  func encoded() -> [UInt8] {
    assert(time.isPlausible, "what is written can be read")
    let samples = time.samples.list
    assert(samples.count <= Limits.ageSamples, "samples are thinned")
    let total = Self.headerBytes + samples.count * Self.sampleBytes + 4
    var bytes = [UInt8](repeating: 0, count: total)
    bytes.replaceSubrange(0..<8, with: Self.magic)
    bytes.store(Self.version, at: 8)
    bytes.store(UInt16(time.isWaiting ? 1 : 0), at: 10)
    bytes.store(UInt32(total), at: 12)
    bytes.replaceSubrange(16..<32, with: store.bytes)
    bytes.store(time.now, at: 32)
    bytes.store(time.wall, at: 40)
    bytes.store(time.gap, at: 48)
    bytes.store(time.stood, at: 56)
    bytes.store(lsn: time.boundary, at: 64)
    bytes.store(lsn: time.lastLSN, at: 72)
    bytes.store(time.retentionSeconds, at: 80)
    bytes.store(UInt32(samples.count), at: 88)
    for (index, sample) in samples.enumerated() {
      bytes.store(lsn: sample.lsn, at: Self.headerBytes + index * Self.sampleBytes)
      bytes.store(sample.time, at: Self.headerBytes + index * Self.sampleBytes + 8)
    }
    bytes.store(checksum(bytes[..<(total - 4)]), at: total - 4)
    return bytes
  }

  /// Nil for bytes that no store has written, or another one.
  static func decode(_ bytes: [UInt8], store: StoreID) -> ClockFile? {
    guard
      bytes.count >= headerBytes + 4, bytes.starts(with: magic),
      bytes.integer(UInt16.self, at: 8) == version, Array(bytes[16..<32]) == store.bytes,
      Int(bytes.integer(UInt32.self, at: 12)) == bytes.count,
      checksum(bytes[..<(bytes.count - 4)]) == bytes.integer(UInt32.self, at: bytes.count - 4)
    else { return nil }
    let count = Int(bytes.integer(UInt32.self, at: 88))
    guard bytes.count == headerBytes + count * sampleBytes + 4 else { return nil }
    let list = (0..<count).map { index in
      AgeSamples.Sample(
        lsn: bytes.lsn(at: headerBytes + index * sampleBytes),
        time: bytes.integer(at: headerBytes + index * sampleBytes + 8))
    }
    guard let samples = AgeSamples(list) else { return nil }
    let time = StoreTime.Saved(
      now: bytes.integer(at: 32), wall: bytes.integer(at: 40), gap: bytes.integer(at: 48),
      isWaiting: bytes.integer(UInt16.self, at: 10) & 1 == 1, stood: bytes.integer(at: 56),
      boundary: bytes.lsn(at: 64), lastLSN: bytes.lsn(at: 72),
      retentionSeconds: bytes.integer(at: 80), samples: samples)
    return time.isPlausible ? ClockFile(store: store, time: time) : nil
  }

  /// Nil when there is none that can be used; whether one is there all the same.
  static func read(
    _ disk: any Disk, _ paths: StorePaths, store: StoreID
  ) -> (file: ClockFile?, isDamaged: Bool) {
    do throws(EventLogError) {
      guard let bytes = try disk.contents(of: paths.clock, atMost: maxBytes) else {
        return (nil, false)
      }
      let file = decode(bytes, store: store)
      return (file, file == nil)
    } catch {
      return (nil, true)
    }
  }
}

extension StoreTime.Saved {
  /// Whether a log counts so. Times may be any number, but no record is younger than the store.
  fileprivate var isPlausible: Bool {
    lastLSN <= Limits.maxLSN && boundary <= lastLSN && stood >= 0 && retentionSeconds > 0
      && samples.list.last.map { $0.lsn <= lastLSN && $0.time <= now } ?? true
  }
}
