/// The bytes of frames that crashes cut: kept for a person to look at, none of them acknowledged.
/// Each goes with the segment it was cut from, and the oldest go when there are too many.
enum Quarantine {
  /// Of the bytes that were cut from a segment at a place.
  static func fileName(_ segment: UInt64, at offset: Int64) -> String {
    "\(hexadecimal(segment))-\(offset).torn"
  }

  /// Nil for a name that is none of ours.
  static func segment(fileName: String) -> UInt64? {
    guard fileName.hasSuffix(".torn"), let dash = fileName.firstIndex(of: "-") else { return nil }
    return UInt64(fileName[..<dash], radix: 16)
  }

  /// - Parameter first: the oldest segment that is listed.
  static func tidy(
    _ disk: any Disk, _ paths: StorePaths, before first: UInt64
  ) throws(EventLogError) {
    // By their numbers, which all have as many digits.
    let ours = try disk.names(in: paths.quarantine).filter { segment(fileName: $0) != nil }
    for (index, name) in ours.enumerated() {
      let isGone = segment(fileName: name).map { $0 < first } ?? false
      if isGone || index < ours.count - Limits.quarantinedFiles {
        try disk.removeIfPresent(paths.quarantine + "/" + name)
      }
    }
  }
}
