@testable import EventLog

/// Walks and mends the files of a store without believing them: the fuzzer's hands.
enum Forger {
  struct Frame {
    let offset: Int
    let end: Int
  }

  /// Where frames seem to be, by their magic and lengths alone.
  static func frames(_ bytes: [UInt8]) -> [Frame] {
    var frames: [Frame] = []
    guard bytes.starts(with: SegmentHeader.magic) else { return [] }
    var offset = Limits.segmentHeaderBytes
    while offset + Limits.frameHeaderBytes <= bytes.count, frames.count < 2000,
      bytes.integer(UInt32.self, at: offset) == FrameHeader.magic
    {
      let payload = Int(bytes.integer(UInt32.self, at: offset + 8))
      let padding = Int(bytes.integer(UInt32.self, at: offset + 56))
      let end =
        roundUp(offset + Limits.frameHeaderBytes + payload, to: Limits.frameAlignment) + padding
      guard end <= bytes.count else { break }
      frames.append(Frame(offset: offset, end: end))
      offset = end
    }
    return frames
  }

  static func records(_ bytes: [UInt8]) -> [Int] {
    var records: [Int] = []
    for frame in frames(bytes) {
      var offset = frame.offset + Limits.frameHeaderBytes
      while offset + Limits.recordHeaderBytes <= frame.end, records.count < 5000 {
        let length = Int(bytes.integer(UInt32.self, at: offset))
        guard length >= Limits.recordHeaderBytes else { break }
        records.append(offset)
        offset += length
      }
    }
    return records
  }

  /// Makes every checksum hold; with `mendsChain` each frame also names the one before it.
  static func mend(_ files: inout [String: [UInt8]], mendsChain: Bool) {
    for (name, var bytes) in files {
      if bytes.starts(with: SegmentHeader.magic) {
        mendSegment(&bytes, mendsChain: mendsChain)
      } else if bytes.starts(with: Manifest.magic), bytes.count >= Manifest.headerBytes + 4 {
        mendEnd(&bytes, bytes.count - 4)
      } else if bytes.starts(with: ClockFile.magic), bytes.count >= ClockFile.headerBytes + 4 {
        mendEnd(&bytes, bytes.count - 4)
      } else if bytes.starts(with: StoreIdentity.magic), bytes.count == StoreIdentity.bytes {
        mendEnd(&bytes, 4092)
      } else if bytes.starts(with: DurableMark.magic), bytes.count == DurableMark.bytes {
        mendEnd(&bytes, 60)
      } else if bytes.starts(with: TableHeader.magic), bytes.count >= TableHeader.bytes {
        mendTable(&bytes)
      } else if bytes.starts(with: PositionTable.magic), bytes.count >= PositionTable.headerBytes {
        mendEnd(&bytes, 4092)
        mendPages(&bytes, (bytes.count - PositionTable.headerBytes) / PositionTable.blockBytes)
      }
      files[name] = bytes
    }
  }

  private static func mendEnd(_ bytes: inout [UInt8], _ end: Int) {
    let sum = checksum(bytes[..<end])
    bytes.store(sum, at: end)
  }

  /// Pages behind a header, each of which begins with its checksum.
  private static func mendPages(_ bytes: inout [UInt8], _ pages: Int) {
    for page in 0..<max(0, pages) {
      let start = 4096 * (1 + page)
      let sum = bytes.withBytes { all in
        all.baseAddress.map {
          ($0 + start).checksum(from: 4, to: 4096, seed: UInt32(truncatingIfNeeded: page))
        } ?? 0
      }
      bytes.store(sum, at: start)
    }
  }

  /// As far as its numbers lie inside the file.
  private static func mendTable(_ bytes: inout [UInt8]) {
    let pages = Int(clamping: bytes.integer(UInt64.self, at: 88))
    let blocks = Int(clamping: bytes.integer(UInt64.self, at: 96))
    let room = bytes.count / 4096 - 1
    mendPages(&bytes, min(pages, room))
    if pages <= room {
      let fences = 4096 * (1 + pages)
      let filter = fences + roundUp(pages * 8, to: 4096)
      if fences + pages * 8 <= bytes.count {
        bytes.store(checksum(bytes[fences..<fences + pages * 8]), at: 104)
      }
      if blocks <= bytes.count, filter + blocks * 64 <= bytes.count {
        bytes.store(checksum(bytes[filter..<filter + blocks * 64]), at: 108)
      }
    }
    mendEnd(&bytes, 4092)
  }

  private static func mendSegment(_ bytes: inout [UInt8], mendsChain: Bool) {
    guard bytes.count >= Limits.segmentHeaderBytes else { return }
    mendEnd(&bytes, 4092)
    let salt = FrameSalt(
      salt: bytes.integer(at: 72), segment: bytes.integer(at: 32))
    for offset in records(bytes) { mendRecord(&bytes, offset) }
    var chain = bytes.integer(UInt32.self, at: 80)
    for frame in frames(bytes) {
      bytes.withMutableBytes { all in
        guard let base = all.baseAddress else { return }
        let start = base + frame.offset
        let payload = Int(UnsafeRawPointer(start).integer(UInt32.self, at: 8))
        let sequence = UnsafeRawPointer(start).integer(UInt64.self, at: 24)
        let sum = checksum(
          start + Limits.frameHeaderBytes, payload, seed: salt.payload(sequence: sequence))
        start.store(sum, at: 52)
        if mendsChain { start.store(chain, at: 48) }
        chain = checksum(start, 60, seed: salt.header)
        start.store(chain, at: 60)
      }
    }
  }

  private static func mendRecord(_ bytes: inout [UInt8], _ offset: Int) {
    let length = Int(bytes.integer(UInt32.self, at: offset))
    guard length >= Limits.recordHeaderBytes, offset + length <= bytes.count else { return }
    let lsn = bytes.integer(UInt64.self, at: offset + 8)
    let sum = bytes.withBytes { all in
      all.baseAddress.map {
        checksum($0 + offset + 8, length - 8, seed: UInt32(truncatingIfNeeded: lsn))
      } ?? 0
    }
    bytes.store(sum, at: offset + 4)
  }
}
