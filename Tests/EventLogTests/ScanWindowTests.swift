import Glibc
import TestSupport
import Testing

@testable import EventLog

@Suite struct ScanWindowTests {
  private static let block = Limits.blockBytes

  private func file(_ disk: MemoryDisk, _ bytes: [UInt8]) throws -> DiskFile {
    disk.files = ["f": bytes]
    return try DiskFile(disk, "f", .read)
  }

  private func content(_ count: Int, _ random: inout SeededRandom) -> [UInt8] {
    (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) }
  }

  /// What is there of `wanted` bytes from `at`.
  private func expected(_ bytes: [UInt8], _ at: Int, _ wanted: Int) -> ArraySlice<UInt8> {
    bytes[min(at, bytes.count)..<min(at + wanted, bytes.count)]
  }

  @Test(arguments: [false, true], 1...8 as ClosedRange<UInt64>)
  func `The window shows the file, in steps, in leaps and backwards`(
    readsAhead: Bool, seed: UInt64
  ) throws {
    var random = SeededRandom(seed)
    let chunk = Self.block * Int.random(in: 2...4, using: &random)
    let bytes = content(Int.random(in: 1...40 * Self.block, using: &random), &random)
    let file = try file(MemoryDisk(), bytes)
    let window = ScanWindow(chunk: chunk, readsAhead: readsAhead)
    window.use(file)
    var at = 0
    for _ in 0..<400 {
      let wanted = Int.random(in: 1...chunk - Self.block, using: &random)
      let got = try window.bytes(at: Int64(at), wanted)
      #expect(got.elementsEqual(expected(bytes, at, wanted)), "seed \(seed): \(wanted) at \(at)")
      switch Int.random(in: 0..<12, using: &random) {
      case 0: at = Int.random(in: 0...bytes.count, using: &random)
      case 1: window.use(file)
      default: at = at + wanted > bytes.count ? 0 : at + wanted
      }
    }
    window.leave()
    file.closeQuietly()
  }

  @Test func `A read ahead that fails is an error where its bytes are asked for, not before`()
    throws
  {
    var random = SeededRandom(3)
    let chunk = 2 * Self.block
    let bytes = content(3 * chunk, &random)
    let disk = MemoryDisk()
    let file = try file(disk, bytes)
    disk.makeUnreadable("f", from: chunk)
    let window = ScanWindow(chunk: chunk, readsAhead: true)
    window.use(file)
    for at in stride(from: 0, to: chunk, by: Self.block) {
      let got = try window.bytes(at: Int64(at), Self.block)
      #expect(got.elementsEqual(expected(bytes, at, Self.block)))
    }
    for _ in 0..<2 {
      let error = #expect(throws: EventLogError.self) {
        _ = try window.bytes(at: Int64(chunk), Self.block)
      }
      #expect(error?.systemError == EIO)
      #expect(error?.offset == Int64(chunk))
    }
    let again = try window.bytes(at: 0, Self.block)
    #expect(again.elementsEqual(expected(bytes, 0, Self.block)))
    window.leave()
    file.closeQuietly()
  }
}
