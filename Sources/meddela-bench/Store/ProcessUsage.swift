internal import CBareRelay
internal import EventLog
internal import Glibc

/// What this process holds, as the kernel counts it.
struct ProcessUsage {
  var residentBytes: Int
  var descriptors: Int
  /// Blocks of files that are removed and still open: no folder shows them.
  var removedBytes: Int

  static func now() -> ProcessUsage {
    let open = (try? LinuxDisk().list("/proc/self/fd")) ?? []
    let removed = open.compactMap { Int32($0) }.reduce(0) { $0 + Int(bare_removed($1)) }
    return ProcessUsage(
      residentBytes: resident(), descriptors: open.count, removedBytes: removed)
  }

  static func resident() -> Int {
    guard let file = fopen("/proc/self/statm", "r") else { return 0 }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 256)
    guard fgets(&line, 256, file) != nil else { return 0 }
    let text = String(
      decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    let words = text.split(separator: " ")
    return words.count > 1 ? (Int(words[1]) ?? 0) * 4096 : 0
  }
}
