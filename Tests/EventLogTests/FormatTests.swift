import CCRC32C
import LogSequence
import TestSupport
import Testing

@testable import EventLog

@Suite struct FormatTests {
  @Test func `CRC32C gives the published check value`() {
    let digits = Array("123456789".utf8)
    #expect(crc32c(0, digits, 9) == 0xE306_9283)
    #expect(crc32c_portable(0, digits, 9) == 0xE306_9283)
    // RFC 3720 B.4: 32 bytes of zeros.
    #expect(crc32c(0, [UInt8](repeating: 0, count: 32), 32) == 0x8A91_36AA)
  }

  @Test func `The fallback agrees with the instruction at every length and seed`() {
    var random = SeededRandom(5)
    let bytes = random.bytes(8_000)
    for count in Array(0...600) + Array(stride(from: 601, through: 8_000, by: 7)) {
      let seed = UInt32(truncatingIfNeeded: random.next())
      #expect(crc32c(seed, bytes, count) == crc32c_portable(seed, bytes, count))
    }
    let whole = crc32c(7, bytes, 600)
    for count in 0...8_000 {
      let joined = crc32c_combine(7, crc32c(0, bytes, count), count)
      #expect(joined == crc32c(7, bytes, count))
    }
    let first = crc32c(7, bytes, 123)
    #expect(crc32c(first, Array(bytes[123..<600]), 477) == whole)
  }

  /// The first and a later vector of vectors_sip128 in the reference implementation; output bytes
  /// are the low word first.
  @Test func `SipHash gives the reference vectors`() {
    let key = SipKey(low: 0x0706_0504_0302_0100, high: 0x0f0e_0d0c_0b0a_0908)
    func hash(_ count: Int) -> EventHash {
      (0..<count).map { UInt8($0) }.withBytes { SipHash.hash($0, key: key) }
    }
    let low = hash(0).low.littleEndian
    let high = hash(0).high.littleEndian
    let bytes = withUnsafeBytes(of: low, Array.init) + withUnsafeBytes(of: high, Array.init)
    #expect(
      bytes == [
        0xa3, 0x81, 0x7f, 0x04, 0xba, 0x25, 0xa8, 0xe6, 0x6d, 0xf6, 0x72, 0x14, 0xc7, 0x55, 0x02,
        0x93,
      ])
  }

  @Test func `Headers come back as they were written`() throws {
    let store = StoreID(bytes: (0..<16).map { $0 })
    let segment = SegmentHeader(
      store: store, id: 3, baseLSN: 77, baseSequence: 9, epoch: 4, created: 5, salt: 0xABCD,
      previousChain: 0x1234, fileBytes: 65536)
    #expect(try SegmentHeader.decode(segment.encoded(), file: "") == segment)
    let identity = try StoreIdentity.random()
    #expect(try StoreIdentity.decode(identity.encoded(), file: "") == identity)
    #expect(try StoreIdentity.random() != identity)
    let manifest = Manifest(
      store: store, generation: 8, epoch: 2, isClosed: false,
      origin: ChainPoint(lsn: 10, sequence: 3, chain: 6),
      segments: [
        .init(
          id: 5, baseLSN: 11, baseSequence: 4, epoch: 1,
          end: .init(offset: 9000, point: ChainPoint(lsn: 20, sequence: 7, chain: 8))),
        .init(id: 6, baseLSN: 21, baseSequence: 8, epoch: 2, end: nil),
      ])
    #expect(try Manifest.decode(manifest.encoded(), store: store, file: "") == manifest)
  }

  @Test func `A manifest whose entries do not follow each other is refused`() {
    let store = StoreID(bytes: (0..<16).map { $0 })
    let gap = Manifest(
      store: store, generation: 1, epoch: 1, isClosed: false, origin: .beginning,
      segments: [.init(id: 1, baseLSN: 2, baseSequence: 1, epoch: 1, end: nil)])
    #expect(throws: EventLogError.self) {
      try Manifest.decode(gap.encoded(), store: store, file: "")
    }
  }

  @Test func `A manifest with numbers that nothing counts to is refused`() {
    let store = StoreID(bytes: (0..<16).map { $0 })
    func refuses(lsn: LSN = 0, sequence: UInt64 = 0, id: UInt64 = 1, epoch: UInt64 = 1) {
      let manifest = Manifest(
        store: store, generation: 1, epoch: epoch, isClosed: false,
        origin: ChainPoint(lsn: lsn, sequence: sequence, chain: 0),
        segments: [
          .init(
            id: id, baseLSN: LSN(lsn.rawValue &+ 1), baseSequence: sequence &+ 1, epoch: 1, end: nil
          )
        ])
      #expect(throws: EventLogError.self) {
        try Manifest.decode(manifest.encoded(), store: store, file: "")
      }
    }
    refuses(lsn: .max)
    refuses(lsn: Limits.maxLSN.next)
    refuses(sequence: .max)
    refuses(id: .max)
    refuses(epoch: .max)
  }

  @Test func `An error says what, where and what to do`() {
    let error = EventLogError(
      .locked, "another process holds the store", advice: "Stop it.", systemError: 11,
      file: "/data/LOCK", offset: 3)
    #expect(
      "\(error)"
        == """
        locked: another process holds the store (/data/LOCK, byte 3) [errno 11: Resource \
        temporarily unavailable] Stop it.
        """)
    #expect(error.exitCode == 75)
  }
}
