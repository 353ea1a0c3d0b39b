package import LogSequence

/// One deviation that a tool found in a store: where, and what stands there instead.
package struct StoreFinding: Sendable, Equatable {
  package let file: String
  /// Byte in the file; nil when the file as a whole is meant.
  package let offset: Int64?
  /// One sentence.
  package let found: String
  /// The records that cannot be read because of it, as far as that is known.
  package var lostRecords: ClosedRange<LSN>?

  package init(
    file: String, offset: Int64?, found: String, lostRecords: ClosedRange<LSN>? = nil
  ) {
    self.file = file
    self.offset = offset
    self.found = found
    self.lostRecords = lostRecords
  }

  init(_ error: EventLogError) {
    var sentence = error.sentence
    if error.systemError != 0 { sentence += ": \(SystemError(error.systemError).text)" }
    self.init(file: error.file, offset: error.offset, found: sentence)
  }
}

extension StoreFinding: CustomStringConvertible {
  package var description: String {
    var text = file
    if let offset { text += ", byte \(offset)" }
    text += ": \(found)"
    if let lostRecords {
      text +=
        lostRecords.count == 1
        ? "; record \(lostRecords.lowerBound) is lost"
        : "; records \(lostRecords.lowerBound) to \(lostRecords.upperBound) are lost"
    }
    return text
  }
}

/// What `StoreVerifier` read and found.
package struct VerifyReport: Sendable, Equatable {
  package internal(set) var segments = 0
  package internal(set) var frames = 0
  package internal(set) var records = 0
  /// Bytes of segments that were read, headers among them.
  package internal(set) var bytes: Int64 = 0
  /// The last record that the snapshot has.
  package internal(set) var durableLSN: LSN = 0
  package internal(set) var epoch: UInt64 = 0
  package internal(set) var hasWriter = false
  /// The caller's progress function asked to end before all was read.
  package internal(set) var wasStopped = false
  /// Damage, in the order of the log.
  package internal(set) var findings: [StoreFinding] = []
  /// What is unusual and harmless.
  package internal(set) var notes: [String] = []

  package var isSound: Bool { findings.isEmpty }

  package init() {}
}
