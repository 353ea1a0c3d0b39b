@testable import EventLog

/// The log without its threads: every step happens when it is called, so a crash can be put at
/// any system call and comes back with its seed.
final class SyncLog {
  let recovered: [ModelRecord]
  let report: RecoveryReport
  private let opened: Recovery.Opened

  init(_ options: EventLogOptions) throws(EventLogError) {
    var records: [ModelRecord] = []
    var recovery = Recovery(try options.checked(), onSpace: { _ in })
    opened = try recovery.run { records.append(ModelRecord($0)) }
    recovered = records
    report = opened.report
  }

  func hash(_ id: [UInt8]) -> EventHash {
    id.withBytes { SipHash.hash($0, key: opened.identity.key) }
  }

  /// One frame; on return it is durable.
  func commit(_ records: [ModelRecord]) throws(EventLogError) {
    let bytes = records.reduce(0) {
      $0 + RecordCodec.length(id: $1.id.count, payload: $1.payload.count)
    }
    let buffer = FrameBuffer(payload: bytes)
    for record in records {
      record.id.withBytes { id in
        record.payload.withBytes { payload in
          buffer.append(
            record.header, id: id, payload: payload, UnsafeRawBufferPointer(start: nil, count: 0),
            length: RecordCodec.length(id: id.count, payload: payload.count))
        }
      }
    }
    try opened.writer.write(buffer)
  }

  func confirm() throws(EventLogError) { try opened.writer.writeEmpty(.confirm) }

  /// A clean end.
  func close() throws(EventLogError) {
    try opened.writer.close()
    opened.lock.closeQuietly()
  }

  /// An end without a word.
  func kill() {
    opened.writer.file.closeQuietly()
    opened.lock.closeQuietly()
  }
}

extension EventLogOptions {
  /// Small segments on a simulated disk.
  static func simulated(_ disk: SimDisk, segmentBytes: Int = 64 << 10) -> EventLogOptions {
    var options = EventLogOptions(path: "/store")
    options.segmentBytes = segmentBytes
    options.disk = disk
    options.spaceRetryMilliseconds = 1
    return options
  }
}
