internal import LogSequence

extension Manifest {
  static func decode(
    _ bytes: [UInt8], store: StoreID, file: String
  ) throws(EventLogError) -> Manifest {
    guard bytes.count >= headerBytes + 4, bytes.starts(with: magic) else {
      throw .damaged(file, 0, "the file does not begin with a manifest header")
    }
    try checkVersion(bytes.integer(at: 8), expected: version...version, file: file)
    let end = bytes.count - 4
    let count = Int(bytes.integer(UInt32.self, at: 52))
    guard
      Int(bytes.integer(UInt32.self, at: 12)) == bytes.count,
      checksum(bytes[..<end]) == bytes.integer(UInt32.self, at: end),
      bytes.count == headerBytes + count * entryBytes + 4
    else {
      throw .damaged(file, 0, "the checksum of the manifest does not hold")
    }
    let found = StoreID(bytes: Array(bytes[16..<32]))
    guard found == store else {
      throw .damaged(
        file, 16, "the manifest belongs to store \(found.text); expected \(store.text)")
    }
    let manifest = Manifest(
      store: store, generation: bytes.integer(at: 32), epoch: bytes.integer(at: 40),
      isClosed: bytes.integer(UInt32.self, at: 48) & 1 == 1,
      lineage: bytes.integer(at: lineageOffset),
      origin: ChainPoint(
        lsn: bytes.lsn(at: 56), sequence: bytes.integer(at: 64),
        chain: bytes.integer(at: 72)),
      segments: (0..<count).map { Segment(bytes, at: headerBytes + $0 * entryBytes) })
    try manifest.checkRange(file: file)
    try manifest.checkOrder(file: file)
    return manifest
  }

  /// What no store has counted to was not written by this program; counting on from it must not
  /// overflow.
  private func checkRange(file: String) throws(EventLogError) {
    let ends = segments.compactMap(\.end)
    let counters =
      [generation, epoch, lineage, origin.sequence] + ends.map(\.point.sequence)
      + segments.map(\.id) + segments.map(\.epoch)
    guard
      counters.allSatisfy({ $0 <= Limits.maxCounter }), origin.lsn <= Limits.maxLSN,
      ends.allSatisfy({ $0.point.lsn <= Limits.maxLSN && $0.isInFile })
    else { throw .damaged(file, 32, "the manifest has numbers that no store counts to") }
  }

  /// What is written must be readable again: whoever writes asks before the first byte, as does
  /// whoever vouches for the store.
  ///
  /// - Parameter end: the last frame of the log.
  func checkRoomToCount(after end: ChainPoint, file: String) throws(EventLogError) {
    let counters = [generation, epoch, end.sequence, segments.last?.id ?? 0]
    guard
      counters.allSatisfy({ $0 <= Limits.lastCounterToOpen }), end.lsn <= Limits.lastLSNToOpen
    else {
      throw .damaged(
        file, 32,
        """
        the store has counted too far to be written: generation \(generation), epoch \(epoch), \
        segment \(segments.last?.id ?? 0), frame \(end.sequence) (at most \
        \(Limits.lastCounterToOpen) each), record \(end.lsn) (at most \(Limits.lastLSNToOpen))
        """)
    }
  }

  /// Pair assertion to what the writer keeps: the checksum held, so this is a defect of a
  /// program, and it must not be built upon.
  private func checkOrder(file: String) throws(EventLogError) {
    var point = origin
    for (index, segment) in segments.enumerated() {
      let isLast = index == segments.count - 1
      guard
        segment.baseLSN == point.lsn.next, segment.baseSequence == point.sequence + 1,
        index == 0 || segment.id > segments[index - 1].id,
        (segment.end != nil) == (!isLast || isClosed)
      else {
        throw .damaged(
          file, Int64(Self.headerBytes + index * Self.entryBytes),
          "the entry of segment \(hexadecimal(segment.id)) does not follow the one before")
      }
      guard let end = segment.end else { continue }
      guard end.point.lsn >= point.lsn, end.point.sequence >= point.sequence else {
        throw .damaged(
          file, Int64(Self.headerBytes + index * Self.entryBytes),
          "segment \(hexadecimal(segment.id)) ends before it begins")
      }
      point = end.point
    }
    guard !segments.isEmpty else { throw .damaged(file, 52, "the manifest lists no segment") }
  }
}

extension Manifest.Segment {
  init(_ bytes: [UInt8], at offset: Int) {
    id = bytes.integer(at: offset)
    baseLSN = bytes.lsn(at: offset + 8)
    baseSequence = bytes.integer(at: offset + 16)
    epoch = bytes.integer(at: offset + 24)
    guard bytes.integer(UInt32.self, at: offset + 60) & 1 == 1 else {
      end = nil
      return
    }
    end = Manifest.End(
      offset: bytes.integer(at: offset + 32),
      point: ChainPoint(
        lsn: bytes.lsn(at: offset + 40), sequence: bytes.integer(at: offset + 48),
        chain: bytes.integer(at: offset + 56)))
  }

  func encode(into bytes: inout [UInt8], at offset: Int) {
    bytes.store(id, at: offset)
    bytes.store(lsn: baseLSN, at: offset + 8)
    bytes.store(baseSequence, at: offset + 16)
    bytes.store(epoch, at: offset + 24)
    guard let end else { return }
    bytes.store(end.offset, at: offset + 32)
    bytes.store(lsn: end.point.lsn, at: offset + 40)
    bytes.store(end.point.sequence, at: offset + 48)
    bytes.store(end.point.chain, at: offset + 56)
    bytes.store(UInt32(1), at: offset + 60)
  }
}
