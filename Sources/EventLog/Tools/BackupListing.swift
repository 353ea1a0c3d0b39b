package import LogSequence

/// The file BACKUP of a backup: what belongs to it, with a checksum for each file. Text, so that a
/// person can read it; written last, so that a backup without it was never finished.
///
///     meddela backup 1
///     store 3c94...        the store's id
///     created 1793456789000000000
///     epoch 4
///     lsn 120345           the last record
///     frame 8123
///     file 7d3fa90c...     4096 STORE
///     file 01c3b9a8...     268435456 segments/0000000000000001.log
///     end 5a0f1c22         CRC32C of the lines before
///
/// A file's checksum is the `FileDigest` of its first bytes, as many as the line says: what a
/// segment has behind them is free space.
package struct BackupListing: Sendable, Equatable {
  package static let fileName = "BACKUP"
  static let maxBytes = 64 << 20
  /// Of a file, and of all: no store comes near it.
  private static let maxFileBytes: Int64 = 1 << 60

  package struct File: Sendable, Equatable {
    /// Relative to the backup.
    package let path: String
    package let bytes: Int64
    let digest: FileDigest
  }

  /// Lowercase hexadecimal.
  package let storeID: String
  /// Unix nanoseconds.
  package let created: Int64
  package let epoch: UInt64
  /// The last record that the backup has.
  package let lsn: LSN
  package let sequence: UInt64
  package let files: [File]

  package var bytes: Int64 { files.reduce(0) { $0 + $1.bytes } }

  func encoded() -> [UInt8] {
    var text = """
      meddela backup 1
      store \(storeID)
      created \(created)
      epoch \(epoch)
      lsn \(lsn)
      frame \(sequence)

      """
    for file in files {
      text += "file \(file.digest.text) \(file.bytes) \(file.path)\n"
    }
    let bytes = Array(text.utf8)
    return bytes + Array("end \(Self.hexadecimal8(checksum(bytes[...])))\n".utf8)
  }

  static func decode(_ bytes: [UInt8], file: String) throws(EventLogError) -> BackupListing {
    let end = bytes.count - 13
    guard end > 0, bytes[(end - 1)...].starts(with: Array("\nend ".utf8)) else {
      throw .damaged(file, nil, "the listing does not end as it should")
    }
    let sum = String(decoding: bytes[(end + 4)..<(end + 12)], as: UTF8.self)
    guard UInt32(sum, radix: 16) == checksum(bytes[..<end]) else {
      throw .damaged(file, nil, "the checksum of the listing does not hold")
    }
    let lines = String(decoding: bytes[..<end], as: UTF8.self).split(separator: "\n")
    guard lines.first == "meddela backup 1" else {
      throw EventLogError(
        .unsupportedFormat, "the file does not begin with 'meddela backup 1'", file: file)
    }
    guard let listing = BackupListing(lines.dropFirst()) else {
      throw .damaged(file, nil, "the listing has a line that no backup has")
    }
    return listing
  }

  private init?(_ lines: ArraySlice<Substring>) {
    var fields: [Substring: Substring] = [:]
    var files: [File] = []
    var total: Int64 = 0
    for line in lines {
      let words = line.split(separator: " ", maxSplits: 3)
      switch words.count {
      case 2: fields[words[0]] = words[1]
      case 4:
        guard
          words[0] == "file", let digest = FileDigest(words[1]), let bytes = Int64(words[2]),
          0...Self.maxFileBytes - total ~= bytes, Self.isPlain(words[3])
        else { return nil }
        total += bytes
        files.append(File(path: String(words[3]), bytes: bytes, digest: digest))
      default: return nil
      }
    }
    guard
      let store = fields["store"], let created = fields["created"].flatMap({ Int64($0) }),
      let epoch = fields["epoch"].flatMap({ UInt64($0) }),
      let lsn = fields["lsn"].flatMap({ UInt64($0) }).map({ LSN($0) }),
      let sequence = fields["frame"].flatMap({ UInt64($0) })
    else { return nil }
    self.init(
      storeID: String(store), created: created, epoch: epoch, lsn: lsn, sequence: sequence,
      files: files)
  }

  init(
    storeID: String, created: Int64, epoch: UInt64, lsn: LSN, sequence: UInt64, files: [File]
  ) {
    self.storeID = storeID
    self.created = created
    self.epoch = epoch
    self.lsn = lsn
    self.sequence = sequence
    self.files = files
  }

  /// A listing comes from outside: it must not lead out of the backup.
  private static func isPlain(_ path: Substring) -> Bool {
    !path.hasPrefix("/") && !path.split(separator: "/").contains("..")
  }

  private static func hexadecimal8(_ value: UInt32) -> String {
    String(hexadecimal(UInt64(value)).suffix(8))
  }
}
