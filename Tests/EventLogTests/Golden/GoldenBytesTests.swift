import Foundation
import LogSequence
import Testing

@testable import EventLog

/// What earlier programs wrote, decoded and encoded again, is the same byte by byte: a store never
/// depends on which program wrote which part of it.
@Suite struct GoldenBytesTests {
  @Test(arguments: GoldenStore.all)
  func `Records and frames are encoded as they stand there`(_ golden: GoldenStore) throws {
    let manifest = try golden.manifest()
    var point = manifest.origin
    var frames = 0
    var padded = 0
    for segment in manifest.segments {
      let path = golden.paths.segment(segment.id)
      let bytes = try golden.bytes(path)
      let file = try DiskFile(LinuxDisk(), path, .read)
      defer { file.closeQuietly() }
      let window = ScanWindow()
      window.use(file)
      let header = try SegmentHeader.read(window, file, segment, manifest.store, after: point)
      #expect(header.encoded() == Array(bytes[..<Limits.segmentHeaderBytes]))
      #expect(header.version == golden.format)
      var scanner = SegmentScanner(header, window: window, after: point, maxEpoch: manifest.epoch)
      while case .frame(let frame) = try scanner.next(until: header.fileBytes) {
        let start = Int(frame.offset)
        let stored = Array(bytes[start..<start + frame.header.totalBytes])
        let encoded = try Self.encoded(frame, salt: header.frameSalt)
        #expect(encoded == stored, "frame \(frame.header.sequence)")
        frames += 1
        if frame.header.blockPadding > 0 { padded += 1 }
      }
      point = scanner.point
    }
    #expect(point.lsn == LSN(try golden.lines().count))
    #expect(frames > 12)
    #expect((padded > 3) == (golden.format > 1))
  }

  @Test(arguments: GoldenStore.all)
  func `Identity, manifests and mark are encoded as they stand there`(
    _ golden: GoldenStore
  ) throws {
    let identity = try golden.identity()
    #expect(try identity.encoded() == golden.bytes(golden.paths.identity))
    for path in [golden.paths.manifest, golden.folder.appending(path: "MANIFEST.closed").path()] {
      let bytes = try golden.bytes(path)
      let manifest = try Manifest.decode(bytes, store: identity.store, file: path)
      #expect(manifest.encoded() == bytes)
    }
    let bytes = try golden.bytes(golden.paths.durable)
    let mark = try #require(DurableMark.decode(bytes, store: identity.store))
    var encoded = [UInt8](repeating: 0xFF, count: DurableMark.bytes)
    encoded.withUnsafeMutableBytes { buffer in
      guard let start = buffer.baseAddress else { return }
      mark.encode(at: start)
    }
    #expect(encoded == bytes)
  }

  /// The frame, made again of its records and of what its header says.
  private static func encoded(
    _ frame: SegmentScanner.Frame, salt: FrameSalt
  ) throws -> [UInt8] {
    let stored = frame.header
    let buffer = FrameBuffer(payload: stored.payloadBytes)
    var at = try #require(frame.payload.baseAddress)
    var available = frame.payload.count
    for _ in 0..<stored.recordCount {
      let view = try #require(RecordCodec.decode(at, available: available))
      let length = RecordCodec.length(id: view.id.count, payload: view.payload.count)
      buffer.append(
        view.header, id: view.id, payload: view.payload,
        UnsafeRawBufferPointer(start: nil, count: 0), length: length)
      at += length
      available -= length
    }
    #expect(available == 0)
    var header = FrameHeader(
      kind: stored.kind, payloadBytes: buffer.payloadBytes, recordCount: buffer.recordCount,
      firstLSN: stored.firstLSN, sequence: stored.sequence, epoch: stored.epoch,
      time: stored.time, previousChain: stored.previousChain, payloadChecksum: 0)
    if stored.blockPadding > 0 { header.fillBlock(at: frame.offset) }
    let bytes = buffer.seal(&header, salt: salt, at: frame.offset)
    #expect(header.chain == stored.chain)
    return Array(bytes[..<header.totalBytes])
  }
}
