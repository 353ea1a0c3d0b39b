@testable import EventLog

/// Reads a list of changes to the files of a store from the fuzzer's bytes, so that what the
/// fuzzer learns to vary is meaningful: which file, which frame, which field.
///
/// The first byte's lowest bit says whether all checksums are mended afterwards, as a forger or a
/// defect of the writer would have them: then the bytes behind the checksums are tested.
struct StoreMutator {
  private var input: ArraySlice<UInt8>
  private(set) var isForged = false
  /// Some change was made to DURABLE, or a file was removed or exchanged.
  private(set) var hasTouchedNames = false

  /// What was done, for whoever looks into a violation.
  private(set) var changes: [String] = []

  static let maxChanges = 12
  private static let kinds = [
    "flip", "zero", "cut", "lengthen", "copy a block of", "exchange", "remove",
    "set a frame field of", "set a record field of", "fill", "tear the last frame of",
    "set a number of",
  ]

  /// What integers overflow at, or are taken for another.
  private static let extremes: [UInt64] = [
    0, 1, 1 << 31, 1 << 32 - 1, 1 << 40 - 1, 1 << 48 - 1, 1 << 48, 1 << 62, 1 << 63 - 1, 1 << 63,
    .max - 1, .max,
  ]

  init(_ input: [UInt8]) { self.input = input[...] }

  mutating func mutate(_ files: inout [String: [UInt8]]) {
    let mode = byte()
    isForged = mode & 1 == 1
    for _ in 0..<Self.maxChanges where !input.isEmpty { change(&files) }
    if isForged { Forger.mend(&files, mendsChain: mode & 2 == 2) }
  }

  private mutating func byte() -> UInt8 { input.popFirst() ?? 0 }

  private mutating func number(below limit: Int) -> Int {
    guard limit > 0 else { return 0 }
    var value = Int(byte()) | Int(byte()) << 8
    if limit > 1 << 16 { value |= Int(byte()) << 16 }
    return value % limit
  }

  private mutating func change(_ files: inout [String: [UInt8]]) {
    let kind = byte()
    let names = files.keys.sorted()
    guard !names.isEmpty else { return }
    let name = names[number(below: names.count)]
    if name.hasSuffix("DURABLE") { hasTouchedNames = true }
    changes.append("\(Self.kinds[Int(kind) % Self.kinds.count]) \(name)")
    guard var bytes = files[name] else { return }
    switch Int(kind) % Self.kinds.count {
    case 0: if !bytes.isEmpty { bytes[number(below: bytes.count)] ^= max(1, byte()) }
    case 1: fill(&bytes, with: 0)
    case 2: bytes.removeLast(bytes.count - number(below: bytes.count + 1))
    case 3: bytes += (0..<number(below: 300)).map { _ in byte() }
    case 4: copyBlock(&bytes)
    case 5:
      let other = names[number(below: names.count)]
      hasTouchedNames = true
      files[name] = files[other]
      files[other] = bytes
      return
    case 6:
      hasTouchedNames = true
      files[name] = nil
      return
    case 7: setFrameField(&bytes)
    case 8: setRecordField(&bytes)
    case 9: fill(&bytes, with: max(1, byte()))
    case 10: tear(&bytes)
    default: setNumber(&bytes)
    }
    files[name] = bytes
  }

  private mutating func fill(_ bytes: inout [UInt8], with value: UInt8) {
    let start = number(below: bytes.count + 1)
    let end = min(bytes.count, start + number(below: 5000))
    for index in start..<max(start, end) { bytes[index] = value }
  }

  private mutating func copyBlock(_ bytes: inout [UInt8]) {
    let unit = byte() & 1 == 0 ? 64 : 512
    let from = number(below: bytes.count / unit + 1) * unit
    let to = number(below: bytes.count / unit + 1) * unit
    let count = min(unit * (1 + number(below: 16)), bytes.count - max(from, to))
    guard count > 0 else { return }
    bytes.replaceSubrange(to..<to + count, with: Array(bytes[from..<from + count]))
  }

  private mutating func setFrameField(_ bytes: inout [UInt8]) {
    let frames = Forger.frames(bytes)
    guard !frames.isEmpty else { return }
    let offset = frames[number(below: frames.count)].offset
    let fields = [4, 5, 6, 8, 12, 16, 24, 32, 40, 48, 52, 56, 60]
    set(&bytes, offset + fields[number(below: fields.count)])
  }

  private mutating func setRecordField(_ bytes: inout [UInt8]) {
    let records = Forger.records(bytes)
    guard !records.isEmpty else { return }
    let offset = records[number(below: records.count)]
    let fields = [0, 4, 8, 16, 24, 32, 40, 41, 42, 43, 44, 46, 48, 52, 56, 64]
    set(&bytes, offset + fields[number(below: fields.count)])
  }

  /// One of a header's or of a frame's, to where arithmetic with it overflows.
  private mutating func setNumber(_ bytes: inout [UInt8]) {
    var offset = number(below: min(bytes.count, 512)) & ~3
    let frames = Forger.frames(bytes)
    if byte() & 1 == 1, !frames.isEmpty {
      offset = frames[number(below: frames.count)].offset + number(below: 16) * 4
    }
    let value = Self.extremes[number(below: Self.extremes.count)]
    let width = byte() & 1 == 0 ? 8 : 4
    guard offset + width <= bytes.count else { return }
    if width == 8 {
      bytes.store(value, at: offset)
    } else {
      bytes.store(UInt32(truncatingIfNeeded: value), at: offset)
    }
  }

  private mutating func set(_ bytes: inout [UInt8], _ offset: Int) {
    let width = 1 << Int(byte() % 4)
    let isSmall = byte() & 1 == 0
    for index in 0..<width where offset + index < bytes.count {
      bytes[offset + index] = isSmall && index > 0 ? 0 : byte()
    }
  }

  /// The last frame as a crash leaves it: its first bytes only, in sectors.
  private mutating func tear(_ bytes: inout [UInt8]) {
    guard let last = Forger.frames(bytes).last else { return }
    for sector in stride(from: last.offset / 512 * 512, to: last.end, by: 512)
    where byte() & 1 == 0 {
      for index in max(sector, last.offset)..<min(sector + 512, last.end) { bytes[index] = 0 }
    }
  }
}
