internal import CBareRelay
internal import EventLog
internal import Glibc

/// A folder that a bench makes, fills and removes.
enum ScratchFolder {
  static func make(in directory: String) throws -> String {
    var template = Array("\(directory)/meddela-bench-XXXXXX".utf8CString)
    guard let name = mkdtemp(&template) else {
      throw BenchFailure("\(directory): \(StorePasses.errorText())")
    }
    return String(cString: name)
  }

  /// With all that is in it.
  static func remove(_ path: String) {
    for name in (try? LinuxDisk().list(path)) ?? [] {
      let child = path + "/" + name
      if unlink(child) != 0 { remove(child) }
    }
    rmdir(path)
  }

  /// Bytes of the blocks that the files in it have; what vanishes meanwhile counts for nothing.
  static func allocatedBytes(_ path: String) -> Int {
    var bytes = 0
    for name in (try? LinuxDisk().list(path)) ?? [] {
      let child = path + "/" + name
      var isFolder: Int32 = 0
      bytes += max(0, Int(bare_allocated(child, &isFolder)))
      if isFolder != 0 { bytes += allocatedBytes(child) }
    }
    return bytes
  }
}
